package org.dl4jplus.bilevel.search;

import static org.dl4jplus.bilevel.search.BayesianSearchGeneratorTest.copy;
import static org.dl4jplus.bilevel.search.BayesianSearchGeneratorTest.report;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.dl4jplus.bilevel.search.ConfigGenerator.Confidence;
import org.dl4jplus.bilevel.search.ConfigGenerator.ConfigGeneratorBuilder;
import org.junit.jupiter.api.Test;

class ConfigGeneratorTest {

  private static ConfigGeneratorBuilder builder() {
    return ConfigGenerator.builder()
        .parameterSpace(new ContinuousParameterSpace(0, 1))
        .minimize(true);
  }

  /** The score is the point itself. */
  private static void run(ConfigGenerator generator, int n, DoubleUnaryOperator constraint) {
    for (int i = 0; i < n && generator.hasMoreCandidates(); i++) {
      Candidate<Object> candidate = generator.getCandidate();
      double u = candidate.getFlatParameters()[0];
      report(generator, candidate, u, constraint.applyAsDouble(u), u - 2);
    }
  }

  @Test
  void theBestOfTheFeasibleIsFound() {
    ConfigGenerator generator =
        ConfigGenerator.builder()
            .parameterSpace(new IntegerParameterSpace(0, 99))
            .minimize(true)
            .noise(1e-6)
            .build();
    generator.setRngSeed(1);
    run(generator, 15, u -> Math.abs(u - 0.7) - 0.05);
    assertNull(generator.report());
    double best =
        generator.complete().stream()
            .filter(GaussianProcessGenerator::feasible)
            .mapToDouble(Trial::getScore)
            .min()
            .orElseThrow();
    assertEquals(0.655, best, 1e-9);
  }

  @Test
  void anActiveConstraintIsApproachedFromOutsideSoBoundsAreToBeTightened() {
    double edge = 0.6137;
    for (double margin : new double[] {0, 0.01}) {
      ConfigGenerator generator = builder().noise(1e-6).build();
      generator.setRngSeed(1);
      run(generator, 25, u -> Math.sin(4 * (edge - u)) + margin);
      List<Trial> proposed = generator.complete().subList(5, 25);
      long kept = proposed.stream().filter(t -> t.getScore() >= edge).count();
      assertEquals(edge, proposed.get(19).getScore(), 0.005);
      assertTrue(margin == 0 ? kept == 0 : kept >= 15, kept + " with a margin of " + margin);
    }
  }

  @Test
  void whereNoPointIsFeasibleTheSearchSaysSoAlsoAfterJson() throws Exception {
    for (Confidence confidence : Confidence.values()) {
      ConfigGenerator generator = builder().confidence(confidence).noise(1e-4).build();
      generator.setRngSeed(1);
      run(generator, 5, u -> 0.2 + Math.abs(u - 0.7));
      ConfigGenerator resumed = copy(generator, ConfigGenerator.class);
      run(generator, 25, u -> 0.2 + Math.abs(u - 0.7));
      run(resumed, 25, u -> 0.2 + Math.abs(u - 0.7));
      ConfigGenerator.Report report = generator.report();
      assertNotNull(report, confidence.toString());
      assertTrue(generator.isDone());
      assertFalse(generator.hasMoreCandidates());
      assertEquals(0.7, report.point()[0], 0.15);
      assertTrue(report.value() > 0 && report.value() <= 0.3, report.toString());
      assertEquals(generator.complete().size(), report.candidates());
      assertTrue(confidence == Confidence.THEORY || report.beta() == 3);
      assertArrayEquals(report.point(), resumed.report().point());
      assertEquals(report.value(), copy(resumed, ConfigGenerator.class).report().value());
      assertTrue(copy(resumed, ConfigGenerator.class).isDone());
    }
  }

  @Test
  void oneFeasibleCandidateRulesTheVerdictOut() {
    ConfigGenerator generator = builder().build();
    generator.setRngSeed(1);
    Candidate<Object> first = generator.getCandidate();
    report(generator, first, 0.5, -0.001);
    for (int i = 0; i < 15; i++) {
      report(generator, generator.getCandidate(), 0.5 + i, 5 + 0.01 * i);
    }
    assertNull(generator.report());
  }

  @Test
  void aConstraintThatIsNotFiniteIsBrokenAndTheSearchGoesOn() {
    for (double bad :
        new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      ConfigGenerator some = builder().maxCandidates(12).build();
      some.setRngSeed(1);
      run(some, 12, u -> u < 0.4 ? bad : u - 0.9);
      assertEquals(12, some.complete().size());
      assertNull(some.report());
    }
    ConfigGenerator all = builder().maxCandidates(25).noise(1e-4).build();
    all.setRngSeed(1);
    run(all, 25, u -> Double.NaN);
    assertNotNull(all.report());
  }

  @Test
  void patienceIsKept() {
    ConfigGenerator hasty = builder().infeasiblePatience(1).noise(1e-4).build();
    ConfigGenerator patient = builder().infeasiblePatience(4).noise(1e-4).build();
    hasty.setRngSeed(1);
    patient.setRngSeed(1);
    run(hasty, 30, u -> 0.2 + Math.abs(u - 0.7));
    run(patient, 30, u -> 0.2 + Math.abs(u - 0.7));
    assertTrue(patient.report().candidates() >= hasty.report().candidates() + 3);
  }

  @Test
  void aTaskWithoutConstraintsIsAnError() {
    ConfigGenerator generator = builder().build();
    assertThrows(
        IllegalStateException.class, () -> report(generator, generator.getCandidate(), 1.0));
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> builder().beta(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> builder().delta(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> builder().infeasiblePatience(0).build());
  }
}
