package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.junit.jupiter.api.Test;

class TpeGeneratorTest {

  private static final Dimension REAL = new Dimension("x", Dimension.Kind.CONTINUOUS, 0);
  private static final Dimension WHOLE = new Dimension("k", Dimension.Kind.INTEGER, 7);
  private static final Dimension CLASS = new Dimension("c", Dimension.Kind.CATEGORICAL, 3);

  private static TpeGenerator.TpeGeneratorBuilder tpe() {
    return TpeGenerator.builder().parameterSpace(new FeedbackGeneratorTest.Space()).minimize(true);
  }

  private static List<double[]> points(int n, List<Dimension> dimensions, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      points.add(dimensions.stream().mapToDouble(d -> d.snap(random.nextDouble())).toArray());
    }
    return points;
  }

  /** Small at 0.3 and in the second class. */
  private static double loss(double[] u) {
    return Math.abs(u[0] - 0.3) + Math.abs(u[1] - 0.6) + (u[3] > 1 / 3.0 && u[3] < 0.6 ? 0 : 0.5);
  }

  private static SearchMetrics metrics(Candidate<?> candidate) {
    return SearchMetrics.builder()
        .objectives(new double[] {loss(candidate.getFlatParameters())})
        .minimise(new boolean[] {true})
        .build();
  }

  @Test
  void theDensityIntegratesToOne() {
    for (int n : new int[] {0, 1, 2, 9, 40}) {
      for (boolean joint : new boolean[] {true, false}) {
        List<Dimension> dimensions = List.of(REAL, WHOLE, CLASS);
        ParzenEstimator estimator =
            new ParzenEstimator(dimensions, points(n, dimensions, n), joint);
        double sum = 0;
        int grid = 2000;
        for (int k = 0; k < 7; k++) {
          for (int c = 0; c < 3; c++) {
            for (int i = 0; i < grid; i++) {
              double[] u = {(i + 0.5) / grid, WHOLE.centre(k), CLASS.centre(c)};
              sum += Math.exp(estimator.logDensity(u)) / grid;
            }
          }
        }
        // The midpoint rule errs by h^2/24 times the slopes' difference.
        assertEquals(1, sum, 1e-4);
        assertEquals(1, Arrays.stream(estimator.weights()).sum(), 1e-12);
      }
    }
  }

  @Test
  void drawsFollowTheDensity() {
    List<Dimension> dimensions = List.of(REAL, WHOLE, CLASS);
    ParzenEstimator estimator = new ParzenEstimator(dimensions, points(12, dimensions, 5), false);
    int count = 20_000;
    double[] drawn = new double[21];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < count; i++) {
      double[] u = estimator.sample(random);
      drawn[WHOLE.cell(u[1]) * 3 + CLASS.cell(u[2])] += 1.0 / count;
    }
    for (int cell = 0; cell < 21; cell++) {
      double expected = 0;
      for (int i = 0; i < 400; i++) {
        double[] u = {(i + 0.5) / 400, WHOLE.centre(cell / 3), CLASS.centre(cell % 3)};
        expected += Math.exp(estimator.logDensity(u)) / 400;
      }
      // Five standard deviations of a binomial share.
      assertEquals(expected, drawn[cell], 5 * Math.sqrt(expected / count) + 1e-3);
    }
  }

  @Test
  void farAwayCellsHaveFiniteLogarithms() {
    Dimension many = new Dimension("k", Dimension.Kind.INTEGER, 1000);
    List<double[]> points = IntStream.range(0, 200).mapToObj(i -> new double[] {0.0005}).toList();
    ParzenEstimator estimator = new ParzenEstimator(List.of(many), points, false);
    double last = 0;
    for (int cell : new int[] {0, 100, 300, 999}) {
      double log = estimator.logDensity(new double[] {many.centre(cell)});
      assertTrue(Double.isFinite(log) && log < last + 1e-12 && log > Math.log(1e-6));
      last = log;
    }
  }

  @Test
  void agesAndParts() {
    assertArrayEquals(new double[] {1, 1, 1}, ParzenEstimator.ageWeights(3));
    assertEquals(0, ParzenEstimator.ageWeights(0).length);
    double[] weights = ParzenEstimator.ageWeights(26);
    assertEquals(1.0 / 26, weights[0], 1e-15);
    assertEquals(1, weights[1]);
    assertArrayEquals(
        new int[] {0, 1, 1, 2, 25},
        IntStream.of(0, 1, 10, 11, 400).map(TpeGenerator::below).toArray());
  }

  @Test
  void itFindsBetterPointsThanUniformDraws() {
    for (boolean multivariate : new boolean[] {false, true}) {
      double later = 0;
      double first = 0;
      for (long seed = 1; seed <= 4; seed++) {
        TpeGenerator generator = tpe().multivariate(multivariate).build();
        generator.setRngSeed(seed);
        Resume.run(generator, 60, c -> loss(c.getFlatParameters()));
        for (Trial trial : generator.trials()) {
          later += trial.getIndex() >= 40 ? trial.getScore() / 20 : 0;
          first += trial.getIndex() < 10 ? trial.getScore() / 10 : 0;
        }
      }
      assertTrue(later < 0.6 * first, later + " after " + first);
    }
  }

  @Test
  void largeScoresMayBeTheGoodOnes() {
    TpeGenerator down = tpe().build();
    TpeGenerator up = tpe().minimize(false).build();
    Resume.run(down, 30, c -> loss(c.getFlatParameters()));
    Resume.run(up, 30, c -> -loss(c.getFlatParameters()));
    for (int i = 0; i < 30; i++) {
      assertArrayEquals(down.trials().get(i).getPoint(), up.trials().get(i).getPoint());
    }
  }

  @Test
  void theFailedCountAmongTheOthersAsTheRunningDoForALiar() {
    TpeGenerator plain = tpe().nStartup(5).build();
    TpeGenerator waiting = tpe().nStartup(5).build();
    TpeGenerator liar = tpe().nStartup(5).constantLiar(true).build();
    for (TpeGenerator each : List.of(plain, waiting, liar)) {
      Resume.run(each, 12, c -> loss(c.getFlatParameters()));
    }
    double[] running = liar.getCandidate().getFlatParameters();
    Candidate<?> failing = plain.getCandidate();
    assertArrayEquals(running, failing.getFlatParameters());
    assertArrayEquals(running, waiting.getCandidate().getFlatParameters());
    Resume.report(plain, failing, Double.NaN, null);
    double[] next = plain.getCandidate().getFlatParameters();
    assertArrayEquals(liar.getCandidate().getFlatParameters(), next);
    assertFalse(Arrays.equals(waiting.getCandidate().getFlatParameters(), next));
  }

  @Test
  void whereTheBetterHalfFailsTheSearchGoesOn() {
    for (long seed = 1; seed <= 10; seed++) {
      TpeGenerator generator = tpe().build();
      generator.setRngSeed(seed);
      Resume.run(
          generator,
          60,
          c -> c.getFlatParameters()[1] > 0.5 ? Double.NaN : loss(c.getFlatParameters()));
      assertTrue(generator.hasMoreCandidates());
      assertEquals(60, generator.trials().size());
      // Uniform draws succeed every second time.
      assertTrue(generator.complete().size() > 30);
    }
  }

  @Test
  void aSearchReadFromJsonGoesOnAsItWouldHave() throws Exception {
    for (boolean multivariate : new boolean[] {false, true}) {
      TpeGenerator generator =
          tpe().nStartup(4).multivariate(multivariate).constantLiar(true).maxCandidates(20).build();
      generator.setRngSeed(9);
      Resume.check(generator, 30, TpeGeneratorTest::metrics);
      assertTrue(generator.isDone());
      assertFalse(generator.hasMoreCandidates());
    }
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> tpe().nStartup(0).build());
    assertThrows(IllegalArgumentException.class, () -> tpe().nEiCandidates(0).build());
    assertThrows(IllegalArgumentException.class, () -> tpe().minimize(null).build());
    assertThrows(IllegalArgumentException.class, () -> TpeGenerator.below(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ParzenEstimator(List.of(REAL), List.of(new double[] {1, 2}), true));
  }
}
