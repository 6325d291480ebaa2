package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.serde.jackson.JsonMapper;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator.Acquisition;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator.BayesianSearchGeneratorBuilder;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator.Pending;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.Standardization;
import org.dl4jplus.bilevel.search.gp.StationaryKernel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BayesianSearchGeneratorTest {

  private static BayesianSearchGeneratorBuilder builder(ParameterSpace<?> space) {
    return BayesianSearchGenerator.builder().parameterSpace(space).minimize(true);
  }

  private static <T extends FeedbackGenerator> T seeded(T generator, long seed) {
    generator.setRngSeed(seed);
    return generator;
  }

  static void report(
      FeedbackGenerator generator, Candidate<?> candidate, Double score, double... constraints) {
    SearchMetrics metrics =
        constraints.length == 0 ? null : SearchMetrics.builder().constraints(constraints).build();
    generator.reportResults(
        new OptimizationResult(candidate, score, candidate.getIndex(), metrics, null, null));
  }

  private static void run(FeedbackGenerator generator, int n, ToDoubleFunction<double[]> score) {
    for (int i = 0; i < n; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      report(generator, candidate, score.applyAsDouble(candidate.getFlatParameters()));
    }
  }

  /** All kinds of dimensions; the best is at 0.3, width 5, TRUE, "b". */
  private static double mixed(double... u) {
    double width = Math.floor(4 * u[1]);
    return (u[0] - 0.3) * (u[0] - 0.3)
        + 0.1 * Math.abs(width - 2)
        + (u[2] <= 0.5 ? 0 : 0.2)
        + (Math.floor(3 * u[3]) == 1 ? 0 : 0.3);
  }

  static <T extends FeedbackGenerator> T copy(T generator, Class<T> type) throws Exception {
    return JsonMapper.getMapper()
        .readValue(JsonMapper.getMapper().writeValueAsString(generator), type);
  }

  /** Both searches propose the same from here on. */
  static void goOnAlike(
      FeedbackGenerator one, FeedbackGenerator two, int n, ToDoubleFunction<double[]> score) {
    for (int i = 0; i < n; i++) {
      Candidate<Object> a = one.getCandidate();
      Candidate<Object> b = two.getCandidate();
      assertEquals(a.getIndex(), b.getIndex());
      assertArrayEquals(a.getFlatParameters(), b.getFlatParameters());
      assertEquals(a.getDataParameters(), b.getDataParameters());
      double value = score.applyAsDouble(a.getFlatParameters());
      report(one, a, value);
      report(two, b, value);
    }
  }

  @ParameterizedTest
  @EnumSource(Acquisition.class)
  void everyAcquisitionFindsTheBestOfAMixedSpaceAndResumes(Acquisition acquisition)
      throws Exception {
    BayesianSearchGenerator generator =
        seeded(builder(new FeedbackGeneratorTest.Space()).acquisition(acquisition).build(), 3);
    run(generator, 10, BayesianSearchGeneratorTest::mixed);
    // 8 are Sobol points. A random search of 20 ends below 0.01 once in six.
    Candidate<Object> running = generator.getCandidate();
    BayesianSearchGenerator resumed = copy(generator, BayesianSearchGenerator.class);
    assertArrayEquals(running.getFlatParameters(), resumed.getCandidate().getFlatParameters());
    goOnAlike(generator, resumed, 2, BayesianSearchGeneratorTest::mixed);
    run(generator, 7, BayesianSearchGeneratorTest::mixed);
    assertTrue(
        generator.loss(generator.best()) < 0.01, acquisition + " " + generator.best().getScore());
  }

  @Test
  void largeScoresAreGoodWhereTheUserSaysSo() {
    BayesianSearchGenerator up =
        seeded(
            BayesianSearchGenerator.builder()
                .parameterSpace(new ContinuousParameterSpace(0, 1))
                .minimize(false)
                .build(),
            5);
    BayesianSearchGenerator down = seeded(builder(new ContinuousParameterSpace(0, 1)).build(), 5);
    run(up, 12, u -> 3 - (u[0] - 0.62) * (u[0] - 0.62));
    run(down, 12, u -> (u[0] - 0.62) * (u[0] - 0.62) - 3);
    assertEquals(0.62, up.best().getPoint()[0], 0.01);
    for (int i = 0; i < 12; i++) {
      assertEquals(up.trials().get(i).getPoint()[0], down.trials().get(i).getPoint()[0], 1e-6);
    }
  }

  @Test
  void theScaleOfScoresDoesNotMatter() {
    List<FeedbackGenerator> searches = new ArrayList<>();
    // Powers of 2 leave all digits as they are: 1e-15, 1, 1e15.
    for (int power : new int[] {-50, 0, 50}) {
      searches.add(seeded(builder(new FeedbackGeneratorTest.Space()).build(), 3));
      run(searches.get(searches.size() - 1), 12, u -> Math.scalb(mixed(u) + 1, power));
    }
    for (int i = 0; i < 12; i++) {
      double[] point = searches.get(1).trials().get(i).getPoint();
      assertArrayEquals(point, searches.get(0).trials().get(i).getPoint());
      assertArrayEquals(point, searches.get(2).trials().get(i).getPoint());
    }
  }

  @Test
  void lossesThatDivergeLeaveOthersTheirScale() {
    BayesianSearchGenerator generator =
        builder(new ContinuousParameterSpace(0, 1)).initialPoints(5).build();
    double[] losses = {3, 5, 1, 4, 2, 1500, 1e30, Double.NaN};
    for (double loss : losses) {
      report(generator, generator.getCandidate(), loss);
      if (loss == 1500) {
        // 750 times as far from 1 as the median is.
        assertArrayEquals(new double[] {-3, -5, -1, -4, -2, -1500}, generator.data().y());
      }
    }
    assertArrayEquals(new double[] {-3, -5, -1, -4, -2, -21, -21, -21}, generator.data().y());
  }

  @ParameterizedTest
  @EnumSource(Pending.class)
  void candidatesThatAreBeingEvaluatedAreKeptAwayFrom(Pending pending) {
    BayesianSearchGenerator generator =
        seeded(builder(new ContinuousParameterSpace(0, 1)).pending(pending).build(), 1);
    run(generator, 8, u -> Math.pow(u[0] - 0.4, 2) + 0.1 * Math.sin(20 * u[0]));
    List<Double> batch = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      batch.add(generator.getCandidate().getFlatParameters()[0]);
    }
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < i; j++) {
        assertTrue(Math.abs(batch.get(i) - batch.get(j)) > 1e-3, batch.toString());
      }
    }
  }

  @Test
  void jointImprovementSpreadsABatch() {
    BayesianSearchGenerator generator =
        seeded(
            builder(new ContinuousParameterSpace(0, 1)).acquisition(Acquisition.Q_EI).build(), 1);
    run(generator, 8, u -> Math.pow(u[0] - 0.4, 2) + 0.1 * Math.sin(20 * u[0]));
    double first = generator.getCandidate().getFlatParameters()[0];
    double second = generator.getCandidate().getFlatParameters()[0];
    assertTrue(Math.abs(first - second) > 1e-3);
  }

  @Test
  void constraintsAreKeptOnceTheyCanBe() {
    BayesianSearchGenerator generator =
        seeded(builder(new ContinuousParameterSpace(0, 1)).build(), 2);
    for (int i = 0; i < 20; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      double u = candidate.getFlatParameters()[0];
      report(generator, candidate, u, 0.72 - u);
    }
    double best =
        generator.complete().stream()
            .filter(GaussianProcessGenerator::feasible)
            .mapToDouble(Trial::getScore)
            .min()
            .orElseThrow();
    assertEquals(0.72, best, 0.02);
  }

  @Test
  void whereAllScoresAreEqualTheConstraintsLead() {
    for (long seed = 1; seed <= 5; seed++) {
      BayesianSearchGenerator generator =
          seeded(builder(new ContinuousParameterSpace(0, 1)).build(), seed);
      for (int i = 0; i < 20; i++) {
        Candidate<Object> candidate = generator.getCandidate();
        double off = Math.abs(candidate.getFlatParameters()[0] - 0.7);
        report(generator, candidate, 1.0, off - 0.03);
      }
      long kept = generator.complete().stream().filter(GaussianProcessGenerator::feasible).count();
      // Of 20 Sobol points at most 2 are within 0.03.
      assertTrue(kept > 5, kept + " of 20");
    }
  }

  @Test
  void anotherNumberOfConstraintsIsAnError() {
    BayesianSearchGenerator generator =
        seeded(builder(new ContinuousParameterSpace(0, 1)).initialPoints(2).build(), 2);
    report(generator, generator.getCandidate(), 1.0, 0.1);
    report(generator, generator.getCandidate(), 2.0, 0.1, 0.2);
    assertThrows(IllegalStateException.class, generator::getCandidate);
  }

  @Test
  void whereAllScoresAreEqualSobolPointsGoOn() {
    BayesianSearchGenerator flat = seeded(builder(new ContinuousParameterSpace(0, 1)).build(), 4);
    run(flat, 12, u -> 1);
    Set<Integer> cells = new HashSet<>();
    for (Trial trial : flat.trials().subList(0, 8)) {
      cells.add((int) (8 * trial.getPoint()[0]));
    }
    assertEquals(8, cells.size());
  }

  @ParameterizedTest
  @EnumSource(GaussianProcessGenerator.Failed.class)
  void failuresAreLivedWithAndNotRepeated(GaussianProcessGenerator.Failed failed) {
    BayesianSearchGenerator generator =
        seeded(builder(new ContinuousParameterSpace(0, 1)).failed(failed).build(), 6);
    Set<Double> seen = new HashSet<>();
    for (int i = 0; i < 16; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      double u = candidate.getFlatParameters()[0];
      assertTrue(seen.add(u));
      report(generator, candidate, u < 0.3 ? Double.NaN : u);
    }
    assertTrue(generator.best().getScore() < 0.45);
    long failures =
        generator.trials().stream().filter(t -> t.getStatus() == Trial.Status.FAILED).count();
    assertTrue(failures < 14, failures + " failures");
  }

  @Test
  void anEmptiedSpaceIsNoTrap() {
    BayesianSearchGenerator generator = seeded(builder(new IntegerParameterSpace(1, 4)).build(), 6);
    run(generator, 9, u -> u[0]);
    assertEquals(9, generator.complete().size());
  }

  @Test
  void moreThanFiveHundredObservationsAreThinnedOut() {
    BayesianSearchGenerator generator =
        seeded(builder(new ContinuousParameterSpace(0, 1)).initialPoints(520).build(), 6);
    run(generator, 520, u -> Math.abs(u[0] - 0.5));
    GaussianProcessGenerator.Data data = generator.data();
    assertEquals(500, data.y().length);
    assertEquals(-generator.best().getScore(), Arrays.stream(data.y()).max().orElseThrow());
  }

  private static Beliefs.BeliefsBuilder few() {
    return Beliefs.builder().draws(128).features(128).optimumPoints(32);
  }

  @Test
  void aBelievedPlaceIsWorthMoreThanAnother() {
    BayesianSearchGenerator generator =
        seeded(builder(new ContinuousParameterSpace(0, 1)).build(), 1);
    double[][] x = {{0.1}, {0.3}, {0.5}};
    GaussianProcessGenerator.Model model =
        new GaussianProcessGenerator.Model(
            GaussianProcess.of(
                StationaryKernel.of(StationaryKernel.Form.MATERN52, 1, 0.1),
                1e-4,
                x,
                new double[] {0, 0.3, -0.3}),
            new Standardization(0, 1));
    assertTrue(advantage(generator, model, 0.95) > 3);
    assertTrue(advantage(generator, model, 0.7) < 0.4);
    assertTrue(Math.abs(Math.log(advantage(generator, model, 0.1))) < Math.log(3));
  }

  /** How much 0.95 is worth in units of 0.7, where the best is believed somewhere. */
  private static double advantage(
      BayesianSearchGenerator generator, GaussianProcessGenerator.Model model, double believed) {
    Beliefs beliefs =
        Beliefs.builder()
            .draws(512)
            .features(128)
            .optimumPoints(64)
            .fraction(1.0)
            .location(Beliefs.near("", believed, 0.05))
            .build();
    BeliefDraws draws =
        new BeliefDraws(
            beliefs, generator.space(), generator.encoding(), model, true, new SplittableRandom(1));
    double plain = 0.2;
    double one = draws.improvement(new double[] {0.95}, plain);
    return one / draws.improvement(new double[] {0.7}, plain);
  }

  @Test
  void aBeliefIsResumed() throws Exception {
    for (Beliefs.Rule rule : Beliefs.Rule.values()) {
      for (Acquisition acquisition : List.of(Acquisition.EI, Acquisition.MAX_VALUE_ENTROPY)) {
        Beliefs beliefs =
            few()
                .rule(rule)
                .location(Beliefs.near("rate", 1.6, 0.05))
                .location(Beliefs.near("name", "c", 0.1))
                .location(Beliefs.near("width", 4))
                .build();
        BayesianSearchGenerator generator =
            seeded(
                builder(new FeedbackGeneratorTest.Space())
                    .initialPoints(3)
                    .acquisition(acquisition)
                    .beliefs(beliefs)
                    .build(),
                3);
        run(generator, 1, u -> 1);
        // The rate lies in [0, 2]; the first candidate is the belief's mode.
        assertEquals(0.8, generator.trials().get(0).getPoint()[0], 1e-6);
        assertEquals(5.0 / 6, generator.trials().get(0).getPoint()[3], 1e-6);
        run(generator, 4, BayesianSearchGeneratorTest::mixed);
        BayesianSearchGenerator resumed = copy(generator, BayesianSearchGenerator.class);
        goOnAlike(generator, resumed, 3, BayesianSearchGeneratorTest::mixed);
      }
    }
  }

  @Test
  void beliefsInScoresAndPreferencesCanBeHeld() throws Exception {
    Beliefs beliefs =
        few()
            .best(new Beliefs.Best(0.0, 0.1))
            .preference(
                Beliefs.prefer(
                    Map.of("rate", 0.6, "width", 5, "flag", true, "name", "b"),
                    Map.of("rate", 1.9, "width", 3, "flag", false, "name", "a")))
            .build();
    BayesianSearchGenerator generator =
        seeded(builder(new FeedbackGeneratorTest.Space()).beliefs(beliefs).build(), 3);
    run(generator, 9, BayesianSearchGeneratorTest::mixed);
    BayesianSearchGenerator resumed = copy(generator, BayesianSearchGenerator.class);
    goOnAlike(generator, resumed, 2, BayesianSearchGeneratorTest::mixed);
    assertEquals(beliefs, copy(generator, BayesianSearchGenerator.class).beliefs());
  }

  @Test
  void aValueOutsideTheSpaceIsPassedOver() {
    Beliefs beliefs = few().location(Beliefs.near("rate", 7)).build();
    BayesianSearchGenerator with =
        seeded(builder(new FeedbackGeneratorTest.Space()).beliefs(beliefs).build(), 3);
    BayesianSearchGenerator without = seeded(builder(new FeedbackGeneratorTest.Space()).build(), 3);
    assertArrayEquals(
        without.getCandidate().getFlatParameters(), with.getCandidate().getFlatParameters());
    report(with, with.getCandidate(), 1.0);
    run(with, 9, BayesianSearchGeneratorTest::mixed);
    assertEquals(10, with.complete().size());
  }

  @Test
  void listsInOrderKeepTheirOrderInBeliefs() {
    DiscreteParameterSpace<Double> rates = new DiscreteParameterSpace<>(1e-1, 1e-2, 1e-3, 1e-4);
    BayesianSearchGenerator generator = seeded(builder(rates).build(), 1);
    String name = generator.space().dimensions().get(0).name();
    BayesianSearchGenerator believing =
        seeded(
            builder(new DiscreteParameterSpace<>(1e-1, 1e-2, 1e-3, 1e-4))
                .beliefs(few().location(Beliefs.near(name, 1e-3)).build())
                .build(),
            1);
    assertEquals(1e-3, believing.getCandidate().getValue());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    ParameterSpace<?> space = new ContinuousParameterSpace(0, 1);
    assertThrows(IllegalArgumentException.class, () -> builder(space).initialPoints(1).build());
    assertThrows(IllegalArgumentException.class, () -> builder(space).beta(-1.0).build());
    assertThrows(IllegalArgumentException.class, () -> builder(space).noise(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> BayesianSearchGenerator.builder().parameterSpace(space).build());
    assertThrows(IllegalArgumentException.class, () -> Beliefs.builder().build());
    assertThrows(IllegalArgumentException.class, () -> Beliefs.near("rate", 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> few().rule(Beliefs.Rule.PI_BO).best(new Beliefs.Best(0, 1)).build());
    Beliefs unknown = few().location(Beliefs.near("no such", 1)).build();
    assertThrows(IllegalArgumentException.class, () -> builder(space).beliefs(unknown).build());
    Beliefs known = few().best(new Beliefs.Best(0, 1)).build();
    assertThrows(
        IllegalArgumentException.class,
        () -> builder(space).acquisition(Acquisition.UCB).beliefs(known).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> builder(space).acquisition(Acquisition.Q_EI).beliefs(known).build());
    Beliefs half = few().preference(Beliefs.prefer(Map.of("rate", 1), Map.of("rate", 0.5))).build();
    assertThrows(
        IllegalArgumentException.class,
        () -> builder(new FeedbackGeneratorTest.Space()).beliefs(half).build());
    assertFalse(builder(space).build().isDone());
  }
}
