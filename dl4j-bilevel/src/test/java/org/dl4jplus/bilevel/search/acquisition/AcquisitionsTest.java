package org.dl4jplus.bilevel.search.acquisition;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.dl4jplus.bilevel.search.SpaceModel;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer.Found;
import org.dl4jplus.optim.first.noise.NormalTail;
import org.junit.jupiter.api.Test;

class AcquisitionsTest {

  /** E g(Z) by the trapezoidal rule. */
  private static double expectation(DoubleUnaryOperator g) {
    double sum = 0;
    for (int i = -160_000; i <= 160_000; i++) {
      double z = i / 20_000.0;
      sum += Math.exp(NormalTail.logDensity(z)) * g.applyAsDouble(z) / 20_000;
    }
    return sum;
  }

  @Test
  void expectedImprovementIsTheExpectation() {
    for (double mean : new double[] {-1.5, 0, 0.7, 3}) {
      double expected = expectation(z -> Math.max(mean + 0.8 * z - 0.5, 0));
      assertEquals(expected, Acquisitions.expectedImprovement(mean, 0.8, 0.5), 1e-8);
      assertEquals(Math.log(expected), Acquisitions.logExpectedImprovement(mean, 0.8, 0.5), 1e-5);
    }
    assertEquals(0.4, Acquisitions.expectedImprovement(0.9, 0, 0.5), 1e-15);
    assertEquals(0, Acquisitions.expectedImprovement(0.1, 0, 0.5));
  }

  @Test
  void theLogarithmHasNoStepsAndNoEnd() {
    for (double at : new double[] {-1, -300}) {
      double below = Acquisitions.logH(at - 1e-9);
      double above = Acquisitions.logH(at + 1e-9);
      // The slope of log h is some -z.
      assertEquals(above - below, 2e-9 * (Math.abs(at) + 1), 2e-9 * (Math.abs(at) + 1));
    }
    // mpmath: log h(-30), log h(-1e8)
    assertEquals(-457.7247, Acquisitions.logH(-30), 2e-4);
    assertEquals(-5e15, Acquisitions.logH(-1e8), 100);
  }

  @Test
  void theExpectedGainIsExact() {
    SplittableRandom random = new SplittableRandom(1);
    for (int k = 0; k < 5; k++) {
      double[] a = random.doubles(6, -1, 1).toArray();
      double[] b = random.doubles(6, -1, 1).toArray();
      b[3] = b[1];
      double max = Arrays.stream(a).max().orElseThrow();
      double expected =
          expectation(
              z -> {
                double best = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < a.length; i++) {
                  best = Math.max(best, a[i] + b[i] * z);
                }
                return best - max;
              });
      assertEquals(expected, Acquisitions.expectedGain(a, b), 1e-7);
    }
    assertEquals(0, Acquisitions.expectedGain(new double[] {1, 2}, new double[] {0.5, 0.5}));
    assertEquals(0, Acquisitions.expectedGain(new double[] {1}, new double[] {3}));
  }

  @Test
  void jointImprovementOfOnePointIsItsOwn() {
    int n = 4000;
    double[][] normals = new double[n][1];
    for (int i = 0; i < n; i++) {
      // The quantiles: their error is of order 1/n.
      normals[i][0] = quantile((i + 0.5) / n);
    }
    double one =
        Acquisitions.expectedImprovement(new double[] {0.3}, new double[][] {{0.49}}, normals, 0.5);
    assertEquals(Acquisitions.expectedImprovement(0.3, 0.7, 0.5), one, 1e-3);
    double[][] twice =
        Arrays.stream(normals).map(r -> new double[] {r[0], 0}).toArray(double[][]::new);
    double same =
        Acquisitions.expectedImprovement(
            new double[] {0.3, 0.3}, new double[][] {{0.49, 0.49}, {0.49, 0.49}}, twice, 0.5);
    assertEquals(one, same, 1e-5);
  }

  private static double quantile(double p) {
    return p < 0.5
        ? NormalTail.logQuantile(Math.log(p))
        : -NormalTail.logQuantile(Math.log(Math.nextDown(1 - p)));
  }

  @Test
  void maximaHaveTheQuartilesOfTheMaximum() {
    double[] means = {0, 0.5, 1};
    double[] deviations = {1, 0.5, 0.2};
    double[] maxima =
        Acquisitions.maxima(
            means, deviations, new double[] {0.25, 0.5, 0.75}, Double.NEGATIVE_INFINITY);
    double[] expected = {0.25, 0.5, 0.75};
    for (int q = 0; q < 3; q++) {
      double product = 1;
      for (int i = 0; i < 3; i++) {
        product *= NormalTail.cdf((maxima[q] - means[i]) / deviations[i]);
      }
      // A Gumbel distribution has three quartiles and two parameters.
      assertEquals(expected[q], product, 0.03);
    }
    assertArrayEquals(
        new double[] {9}, Acquisitions.maxima(means, deviations, new double[] {0.5}, 9));
  }

  @Test
  void constraintsAreJudgedByTheDeviationNotTheVariance() {
    assertEquals(
        Math.log(NormalTail.cdf(0.5 / 0.2)),
        Acquisitions.logFeasibility(new double[] {-0.5}, new double[] {0.2}),
        1e-12);
    assertEquals(0, Acquisitions.logFeasibility(new double[] {-0.5}, new double[] {0}));
    assertEquals(
        Double.NEGATIVE_INFINITY,
        Acquisitions.logFeasibility(new double[] {0.5}, new double[] {0}));
  }

  @Test
  void beliefsWeighDrawsAndFade() {
    double[] logs = {0, -1, -1000};
    double[] strong = BeliefWeights.weights(logs, 1, 10, 2, BeliefWeights.FLOOR);
    assertEquals(3, Arrays.stream(strong).sum(), 1e-12);
    assertEquals(Math.exp(-10), strong[1] / strong[0], 1e-12);
    assertEquals(1e-9, strong[2] / strong[0], 1e-18);
    double[] weak = BeliefWeights.weights(new double[] {0, -1, -5}, 1000, 10, 2, 1e-9);
    assertArrayEquals(new double[] {1, 1, 1}, weak, 1e-4);
    double none = Double.NEGATIVE_INFINITY;
    assertArrayEquals(
        new double[] {1, 1}, BeliefWeights.weights(new double[] {none, none}, 3, 10, 2, 1e-9));
    // A density over [0, 1].
    double mass = 0;
    for (int i = 0; i < 1000; i++) {
      mass += Math.exp(BeliefWeights.logLocation((i + 0.5) / 1000, 0.1, 0.25)) / 1000;
    }
    assertEquals(1, mass, 1e-5);
  }

  @Test
  void theCubeIsSearchedWellAndExclusionsHold() {
    ContinuousParameterSpace leaf = new ContinuousParameterSpace(0, 1);
    leaf.setIndices(0);
    SpaceModel line = new SpaceModel(leaf);
    Found found =
        new CubeMaximizer(line, u -> -Math.abs(u[0] - 0.371), u -> false, new SplittableRandom(1))
            .maximize(16, List.of());
    assertEquals(0.371, found.point()[0], 1e-3);
    IntegerParameterSpace cells = new IntegerParameterSpace(1, 9);
    cells.setIndices(0);
    SpaceModel whole = new SpaceModel(cells);
    double best = whole.dimensions().get(0).centre(4);
    Found second =
        new CubeMaximizer(
                whole, u -> -Math.abs(u[0] - best), u -> u[0] == best, new SplittableRandom(1))
            .maximize(64, List.of(new double[] {best}));
    assertEquals(1.0 / 9, Math.abs(second.point()[0] - best), 1e-12);
    assertNull(
        new CubeMaximizer(whole, u -> 0, u -> true, new SplittableRandom(1))
            .maximize(64, List.of()));
    assertTrue(
        new CubeMaximizer(whole, u -> Double.NaN, u -> false, new SplittableRandom(1))
                .maximize(64, List.of())
                .value()
            == Double.NEGATIVE_INFINITY);
  }
}
