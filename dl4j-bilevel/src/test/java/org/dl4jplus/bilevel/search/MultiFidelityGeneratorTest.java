package org.dl4jplus.bilevel.search;

import static org.dl4jplus.bilevel.search.BayesianSearchGeneratorTest.copy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.dl4jplus.bilevel.search.MultiFidelityGenerator.MultiFidelityGeneratorBuilder;
import org.junit.jupiter.api.Test;

class MultiFidelityGeneratorTest {

  private static MultiFidelityGeneratorBuilder builder() {
    return MultiFidelityGenerator.builder()
        .parameterSpace(new ContinuousParameterSpace(0, 1))
        .minimize(true);
  }

  private static int budget(Candidate<?> candidate) {
    return (Integer) candidate.getDataParameters().get(MultiFidelityGenerator.BUDGET);
  }

  /** The best is at 0.6; a short training shifts it and errs. Returns the epochs. */
  private static int evaluate(MultiFidelityGenerator generator, Candidate<?> candidate) {
    int budget = budget(candidate);
    double s = budget / 9.0;
    double u = candidate.getFlatParameters()[0];
    double score = Math.pow(u - 0.6 - 0.1 * (1 - s), 2) + 0.3 * (1 - s);
    SearchMetrics metrics = SearchMetrics.builder().costUpdates(10L * budget).build();
    generator.reportResults(
        new OptimizationResult(candidate, score, candidate.getIndex(), metrics, null, null));
    return budget;
  }

  @Test
  void theBestIsFoundMostlyByShortTrainings() {
    MultiFidelityGenerator generator = builder().build();
    generator.setRngSeed(1);
    assertNull(generator.recommendation());
    int epochs = 0;
    int n = 15;
    for (int i = 0; i < n; i++) {
      epochs += evaluate(generator, generator.getCandidate());
    }
    assertTrue(epochs < 0.7 * 9 * n, "epochs: " + epochs);
    assertEquals(0.6, generator.recommendation().getPoint()[0], 0.05);
  }

  @Test
  void askingForTheRecommendationChangesNothingAndJsonGoesOnAlike() throws Exception {
    MultiFidelityGenerator generator = builder().build();
    generator.setRngSeed(2);
    for (int i = 0; i < 8; i++) {
      evaluate(generator, generator.getCandidate());
    }
    MultiFidelityGenerator resumed = copy(generator, MultiFidelityGenerator.class);
    resumed.recommendation();
    for (int i = 0; i < 5; i++) {
      Candidate<Object> one = generator.getCandidate();
      Candidate<Object> two = resumed.getCandidate();
      assertArrayEquals(one.getFlatParameters(), two.getFlatParameters());
      assertEquals(budget(one), budget(two));
      evaluate(generator, one);
      evaluate(resumed, two);
    }
  }

  @Test
  void theFirstBudgetsGoRoundAndEqualOnesCountOnce() {
    MultiFidelityGenerator generator = builder().maxBudget(2).build();
    for (int i = 0; i < 4; i++) {
      assertEquals(1 + i % 2, budget(generator.getCandidate()));
    }
  }

  @Test
  void theCostLineFallsNowhere() {
    double[] s = {0.1, 0.3, 1};
    assertArrayEquals(
        new double[] {2, 5}, MultiFidelityGenerator.line(s, new double[] {2.5, 3.5, 7}), 1e-12);
    double[] through = MultiFidelityGenerator.line(s, new double[] {0.01, 0.09, 1});
    assertEquals(0, through[0]);
    assertEquals((0.001 + 0.027 + 1) / (0.01 + 0.09 + 1), through[1], 1e-12);
    assertArrayEquals(
        new double[] {2, 0}, MultiFidelityGenerator.line(s, new double[] {3, 2, 1}), 1e-12);
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> builder().maxBudget(1).build());
    assertThrows(
        IllegalArgumentException.class, () -> builder().fidelities(new double[] {0.5}).build());
    assertThrows(
        IllegalArgumentException.class, () -> builder().fidelities(new double[] {0, 1}).build());
    assertThrows(IllegalArgumentException.class, () -> builder().power(-1.0).build());
  }
}
