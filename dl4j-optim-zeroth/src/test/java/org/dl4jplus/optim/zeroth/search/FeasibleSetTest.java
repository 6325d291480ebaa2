package org.dl4jplus.optim.zeroth.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.junit.jupiter.api.Test;

class FeasibleSetTest {

  private static final List<FeasibleSet> BALLS =
      List.of(
          FeasibleSet.l1(1.5),
          FeasibleSet.l2(1.5),
          FeasibleSet.linf(1.5),
          FeasibleSet.nuclear(1.5, 3),
          FeasibleSet.supportOf(1.5, 4));

  private static double[] random(int n, long seed) {
    double[] x = new double[n];
    CounterNoise.fill(Distribution.GAUSSIAN, CounterNoise.deriveSeed(seed), 0, x, n);
    return x;
  }

  private static double dot(double[] a, double[] b) {
    double total = 0;
    for (int i = 0; i < a.length; i++) {
      total += a[i] * b[i];
    }
    return total;
  }

  private static double[] times(double factor, double[] x) {
    double[] out = x.clone();
    for (int i = 0; i < x.length; i++) {
      out[i] *= factor;
    }
    return out;
  }

  /** The norm of a ball, from the excess at a point scaled up. */
  private static double[] onBoundary(FeasibleSet ball, double[] x) {
    return times(1.5 / (ball.excess(x) + 1.5), x);
  }

  @Test
  void noPointIsLowerThanTheOracles() {
    for (FeasibleSet ball : BALLS) {
      for (int seed = 0; seed < 20; seed++) {
        double[] g = random(12, seed);
        double[] v = ball.minimizer(g);
        assertEquals(0, ball.excess(v), 1e-9);
        for (int other = 0; other < 15; other++) {
          double[] point = onBoundary(ball, random(12, 1000 + other));
          assertEquals(0, ball.excess(point), 1e-9);
          assertTrue(dot(g, v) <= dot(g, point) + 1e-9);
        }
      }
    }
  }

  @Test
  void ballsTakeZeroToZero() {
    for (FeasibleSet ball : BALLS) {
      assertArrayEquals(new double[12], ball.minimizer(new double[12]), 1e-15);
      assertEquals(-1.5, ball.excess(new double[12]), 1e-12);
    }
    assertArrayEquals(
        new double[] {-1, 0}, FeasibleSet.linf(1).minimizer(new double[] {2, 0}), 1e-15);
  }

  @Test
  void tiesGoToTheFirstEntry() {
    double[] g = {1, -2, 2, -2};
    assertArrayEquals(new double[] {0, 3, 0, 0}, FeasibleSet.l1(3).minimizer(g));
    assertArrayEquals(new double[] {0, 3, 0, 0}, FeasibleSet.simplex(3).minimizer(g));
    assertArrayEquals(new double[] {0, 3, 0, 0}, FeasibleSet.supportOf(3, 1).minimizer(g), 1e-12);
  }

  @Test
  void boxesAndSimplicesAreLeftOnEachSide() {
    FeasibleSet box = FeasibleSet.box(new double[] {-1, 0}, new double[] {2, 3});
    assertArrayEquals(new double[] {-1, 3}, box.minimizer(new double[] {0.1, 0}));
    assertEquals(0.5, box.excess(new double[] {-1.5, 1}), 1e-12);
    assertEquals(1, box.excess(new double[] {0, 4}), 1e-12);
    assertTrue(box.excess(new double[] {0, 1}) <= 0);
    FeasibleSet simplex = FeasibleSet.simplex(2);
    assertEquals(0, simplex.excess(new double[] {0.5, 1.5}), 1e-12);
    assertEquals(0.5, simplex.excess(new double[] {2.5, -0.5}), 1e-12);
    assertEquals(1, simplex.excess(new double[] {0.5, 0.5}), 1e-12);
    double[] wide = FeasibleSet.box(new double[] {-1}, new double[] {1}).minimizer(new double[5]);
    assertArrayEquals(new double[] {1, 1, 1, 1, 1}, wide);
    assertThrows(IllegalArgumentException.class, () -> box.minimizer(new double[3]));
  }

  @Test
  void powerIterationsFindTheSingularVectors() {
    int n = 260;
    double[] u = random(n, 1);
    double[] v = random(n, 2);
    double[] noise = random(n * n, 3);
    double[] g = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        g[i * n + j] = u[i] * v[j] + 0.5 * noise[i * n + j];
      }
    }
    FeasibleSet set = FeasibleSet.nuclear(2, n);
    double[] least = set.minimizer(g);
    assertEquals(0, set.excess(least), 1e-9);
    // A singular vector: g^T u is a multiple of the v that is in each row.
    double[] product = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        product[j] += g[i * n + j] * least[i * n];
      }
    }
    double[] row = Arrays.copyOf(least, n);
    double scale = dot(product, row) / dot(row, row);
    for (int j = 0; j < n; j++) {
      assertEquals(scale * row[j], product[j], 1e-7 * Math.abs(scale));
    }
  }

  @Test
  void oneAndAllSupportsAreTheKnownBalls() {
    for (int seed = 0; seed < 20; seed++) {
      double[] x = random(7, seed);
      assertEquals(FeasibleSet.l1(1).excess(x), FeasibleSet.supportOf(1, 1).excess(x), 1e-12);
      assertEquals(FeasibleSet.l2(1).excess(x), FeasibleSet.supportOf(1, 7).excess(x), 1e-12);
      assertEquals(FeasibleSet.l2(1).excess(x), FeasibleSet.nuclear(1, 1).excess(x), 1e-12);
    }
    // Equal entries n c: the norm is n c / sqrt(k).
    assertEquals(
        4 / Math.sqrt(2) - 1, FeasibleSet.supportOf(1, 2).excess(new double[] {1, 1, 1, 1}), 1e-12);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThrows(IllegalArgumentException.class, () -> FeasibleSet.l1(0));
    assertThrows(IllegalArgumentException.class, () -> FeasibleSet.l2(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> FeasibleSet.nuclear(1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> FeasibleSet.nuclear(1, 2).minimizer(new double[5]));
    assertThrows(IllegalArgumentException.class, () -> FeasibleSet.supportOf(1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> FeasibleSet.box(new double[] {1}, new double[] {0}));
    assertThrows(
        IllegalArgumentException.class, () -> FeasibleSet.box(new double[1], new double[2]));
  }
}
