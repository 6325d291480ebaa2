package org.dl4jplus.privacy.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseGridTest {

  @Test
  void granularityIsThePowerOfTwoAtOrAboveTheScale() {
    assertEquals(0x1p-20, NoiseGrid.granularity(1));
    assertEquals(0x1p-19, NoiseGrid.granularity(Math.nextUp(1.0)));
    assertEquals(0x1p-20, NoiseGrid.granularity(Math.nextDown(1.0)));
    assertEquals(0x1p-20, NoiseGrid.granularity(0.51));
    assertEquals(0x1p-21, NoiseGrid.granularity(0.5));
    assertEquals(0x1p-18, NoiseGrid.granularity(3));
    assertEquals(0x1p-1020, NoiseGrid.granularity(0x1p-1000));
    assertEquals(0x1p1004, NoiseGrid.granularity(Double.MAX_VALUE));
  }

  @Test
  void roundedValuesAreTheNearestPointsOfTheGrid() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 1000; i++) {
      double scale = Math.exp(random.nextDouble(-20, 20));
      double x = scale * random.nextDouble(-100, 100);
      double granularity = NoiseGrid.granularity(scale);
      double rounded = NoiseGrid.round(x, scale);
      assertTrue(rounded % granularity == 0);
      assertTrue(Math.abs(rounded - x) <= granularity / 2);
      assertEquals(rounded, NoiseGrid.round(rounded, scale));
      double[] several = {x, rounded};
      NoiseGrid.round(several, scale);
      assertArrayEquals(new double[] {rounded, rounded}, several);
    }
    assertEquals(0, Double.compare(0.0, NoiseGrid.round(-1e-9, 1)), "no sign of the value stays");
  }

  @Test
  void hugeValuesAndScaleZeroPassThrough() {
    assertEquals(1e300, NoiseGrid.round(1e300, 0x1p-1000));
    assertEquals(Math.PI, NoiseGrid.round(Math.PI, 0));
    double[] values = {Math.E};
    NoiseGrid.round(values, 0);
    NoiseGrid.addGaussian(values, 0, new SeededNoise(1));
    NoiseGrid.addLaplace(values, 0, new SeededNoise(1));
    assertEquals(Math.E, values[0]);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0x1p-1001, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void scalesOutsideTheRangeAreRefused(double scale) {
    assertThrows(IllegalArgumentException.class, () -> NoiseGrid.granularity(scale));
    assertThrows(IllegalArgumentException.class, () -> NoiseGrid.round(1, scale));
    double[] value = {1};
    NoiseSource source = new SeededNoise(1);
    assertThrows(IllegalArgumentException.class, () -> NoiseGrid.round(value, scale));
    assertThrows(IllegalArgumentException.class, () -> NoiseGrid.addGaussian(value, scale, source));
    assertThrows(IllegalArgumentException.class, () -> NoiseGrid.addLaplace(value, scale, source));
    assertEquals(1, value[0]);
  }

  @Test
  void gaussianNoiseHasItsStandardDeviationAndLiesOnTheGrid() {
    int n = 100_000;
    double[] values = new double[n];
    Arrays.fill(values, 5);
    NoiseGrid.addGaussian(values, 3, new SeededNoise(2));
    double mean = 0;
    double variance = 0;
    for (double value : values) {
      assertTrue(value % 0x1p-18 == 0);
      mean += value / n;
      variance += (value - 5) * (value - 5) / n;
    }
    // Five standard errors.
    assertEquals(5, mean, 5 * 3 / Math.sqrt(n));
    assertEquals(9, variance, 5 * 9 * Math.sqrt(2.0 / n));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void laplaceNoiseHasItsDistribution(int summands) {
    int n = 100_000;
    double scale = 0.7;
    double[] values = new double[n];
    NoiseGrid.addLaplace(values, scale, new SeededNoise(3, summands));
    Arrays.sort(values);
    double distance = 0;
    for (int i = 0; i < n; i++) {
      assertTrue(values[i] % 0x1p-20 == 0);
      double tail = Math.exp(-Math.abs(values[i]) / scale) / 2;
      double p = values[i] < 0 ? tail : 1 - tail;
      distance = Math.max(distance, Math.max(p - i / (double) n, (i + 1) / (double) n - p));
    }
    // Exceeded with probability 2 exp(-2 * 2.7^2) = 1e-6.
    assertTrue(distance < 2.7 / Math.sqrt(n));
  }
}
