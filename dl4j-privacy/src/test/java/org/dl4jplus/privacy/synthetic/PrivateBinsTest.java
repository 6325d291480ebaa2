package org.dl4jplus.privacy.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.datavec.api.transform.metadata.DoubleMetaData;
import org.datavec.api.transform.metadata.IntegerMetaData;
import org.dl4jplus.privacy.noise.DiscreteGaussianSampler;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;

class PrivateBinsTest {

  private static PrivateBins real(double low, double high) {
    return new PrivateBins(new Column(new DoubleMetaData("x", low, high), true, 64), 64, 1e-3);
  }

  private static PrivateBins whole(int low, int high) {
    return new PrivateBins(new Column(new IntegerMetaData("x", low, high), true, 64), 64, 1e-3);
  }

  @Test
  void levelsHalveDownToTheGranularity() {
    // floor(log2((range/64)/granularity) + 1), never below 0: ranges below 32 granularities have
    // none.
    assertEquals(0, real(0, 0.02).levels());
    assertEquals(0, real(0, 0.0319).levels());
    assertEquals(1, real(0, 0.065).levels());
    assertEquals(4, real(0, 0.6).levels());
    assertEquals(10, real(0, 64).levels());
    assertEquals(1, whole(0, 99).levels());
    assertEquals(5, whole(1, 1024).levels());
  }

  @Test
  void binsHoldEqualSharesWhereNothingIsNoisy() {
    SplittableRandom random = new SplittableRandom(1);
    double[] values = new double[20_000];
    for (int i = 0; i < values.length; i++) {
      // Nearly everything near 0 of a wide range; some are missing.
      values[i] = i % 10 == 0 ? Double.NaN : Math.pow(random.nextDouble(), 8) * 1000;
    }
    double[] edges = real(0, 1000).edges(values, null);
    int[] counts = new int[edges.length - 1];
    for (double value : values) {
      if (!Double.isNaN(value)) {
        counts[TwoWayMarginals.bin(edges, value)]++;
      }
    }
    ascending(edges, 0, 1000);
    // Intervals end within a factor 2 of their share; those as fine as the granularity may hold
    // more.
    for (int i = 0; i < counts.length; i++) {
      assertTrue(edges[i + 1] - edges[i] < 2e-3 || counts[i] < 2 * 18_000 / 63, "bin " + i);
    }
    assertTrue(edges.length > 30);
  }

  @Test
  void wholeNumbersAreNeverCutInHalf() {
    double[] values = new double[1000];
    Arrays.fill(values, 0, 900, 70);
    for (int i = 900; i < 1000; i++) {
      values[i] = i - 900;
    }
    double[] edges = whole(0, 99).edges(values, null);
    ascending(edges, -0.5, 99.5);
    for (double edge : edges) {
      assertEquals(0.5, Math.abs(edge % 1));
    }
    int bin = TwoWayMarginals.bin(edges, 70);
    assertTrue(edges[bin] >= 68 && edges[bin + 1] <= 72, "the number of most records is alone");
  }

  @Test
  void noiseAloneStillGivesBins() {
    for (double variance : new double[] {1, 1e4, 1e8}) {
      DiscreteGaussianSampler noise =
          DiscreteGaussianSampler.ofVariance(variance, new SeededNoise(1));
      ascending(real(-5, 5).edges(new double[] {1, 2, 3}, noise), -5, 5);
      ascending(whole(-500, 500).edges(new double[] {1, 2, 3}, noise), -500.5, 500.5);
      ascending(real(0, 0.001).edges(new double[] {0, 0}, noise), 0, 0.001);
      ascending(real(0, 1).edges(new double[] {Double.NaN}, noise), 0, 1);
    }
    assertArrayEquals(
        new double[] {0, 1.0 / 63},
        Arrays.copyOf(real(0, 1).edges(new double[] {Double.NaN}, null), 2),
        1e-12);
  }

  private static void ascending(double[] edges, double low, double high) {
    assertEquals(low, edges[0]);
    assertEquals(high, edges[edges.length - 1]);
    for (int i = 1; i < edges.length; i++) {
      assertTrue(edges[i] > edges[i - 1]);
    }
    assertTrue(edges.length <= 64);
  }
}
