package org.dl4jplus.optim.first.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SplitMixStreamTest {

  private static final int DRAWS = 20_000;

  private static SplitMixStream stream(long key) {
    return new SplitMixStream(CounterNoise.deriveSeed(5, key));
  }

  @Test
  void readsTheCountersWords() {
    long seed = CounterNoise.deriveSeed(5, 1);
    SplitMixStream words = new SplitMixStream(seed);
    SplitMixStream uniforms = new SplitMixStream(seed);
    for (int k = 0; k < 100; k++) {
      assertEquals(CounterNoise.word(seed, k), words.nextWord());
      assertEquals(CounterNoise.uniform(seed, k), uniforms.nextUniform());
    }
  }

  /** Bounds are six standard errors of the mean and more. */
  @Test
  void momentsAreRight() {
    SplitMixStream stream = stream(2);
    double mean = 0;
    double square = 0;
    for (int i = 0; i < DRAWS; i++) {
      double x = stream.nextGaussian();
      mean += x / DRAWS;
      square += x * x / DRAWS;
    }
    assertEquals(0, mean, 6 / Math.sqrt(DRAWS));
    assertEquals(1, square, 6 * Math.sqrt(2.0 / DRAWS));
    for (double shape : new double[] {0.2, 0.9, 1, 4.5}) {
      double sum = 0;
      for (int i = 0; i < DRAWS; i++) {
        double x = stream.gamma(shape);
        assertTrue(x >= 0);
        sum += x / DRAWS;
      }
      assertEquals(shape, sum, 6 * Math.sqrt(shape / DRAWS), "shape " + shape);
    }
  }

  @Test
  void sharesAddUpEvenForTinyConcentrations() {
    SplitMixStream stream = stream(3);
    for (double concentration : new double[] {1e-6, 0.1, 1, 100}) {
      double[] concentrations = new double[7];
      Arrays.fill(concentrations, concentration);
      double[] shares = stream.dirichlet(concentrations);
      assertEquals(1, Arrays.stream(shares).sum(), 1e-12);
      assertTrue(Arrays.stream(shares).allMatch(share -> share >= 0));
    }
  }

  @Test
  void choosesWithoutReplacement() {
    SplitMixStream stream = stream(4);
    int[] counts = new int[10];
    for (int i = 0; i < 2000; i++) {
      int[] chosen = stream.choose(3, 10);
      assertEquals(3, Arrays.stream(chosen).distinct().count());
      assertArrayEquals(Arrays.stream(chosen).sorted().toArray(), chosen);
      Arrays.stream(chosen).forEach(j -> counts[j]++);
    }
    for (int count : counts) {
      assertEquals(600, count, 6 * Math.sqrt(2000 * 0.3 * 0.7));
    }
    assertArrayEquals(new int[] {0, 1, 2}, stream.choose(3, 3));
    assertEquals(0, stream.choose(0, 5).length);
    assertEquals(0, stream.below(1));
  }

  @Test
  void badValuesAreRefused() {
    SplitMixStream stream = stream(5);
    assertThrows(IllegalArgumentException.class, () -> stream.choose(4, 3));
    assertThrows(IllegalArgumentException.class, () -> stream.choose(-1, 3));
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> stream.gamma(bad));
      assertThrows(IllegalArgumentException.class, () -> stream.dirichlet(1, bad));
    }
  }
}
