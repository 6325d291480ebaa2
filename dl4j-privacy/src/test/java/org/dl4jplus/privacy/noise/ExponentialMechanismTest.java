package org.dl4jplus.privacy.noise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ExponentialMechanismTest {

  private static final double NEVER = Double.NEGATIVE_INFINITY;

  @Test
  void indicesHaveTheirProbabilities() {
    double[] weights = {1, 0, 2, 5, 0.25};
    for (double shift : new double[] {0, 1000, -1000}) {
      double[] logs = new double[weights.length];
      double total = 0;
      for (int i = 0; i < weights.length; i++) {
        logs[i] = Math.log(weights[i]) + shift;
        total += weights[i];
      }
      NoiseSource source = new SeededNoise(1);
      long[] counts = new long[weights.length];
      int draws = 50_000;
      for (int i = 0; i < draws; i++) {
        counts[ExponentialMechanism.draw(logs, source)]++;
      }
      DiscreteGaussianSamplerTest.chiSquare(counts, weights, total, draws);
      assertEquals(0, counts[1]);
    }
  }

  @Test
  void extremeWeightsDoNotOverflow() {
    NoiseSource source = new SeededNoise(2);
    double max = Double.MAX_VALUE;
    assertEquals(2, ExponentialMechanism.draw(new double[] {-max, NEVER, max, -1e9}, source));
    assertEquals(1, ExponentialMechanism.draw(new double[] {-1e9, -1e8}, source));
    assertEquals(0, ExponentialMechanism.draw(new double[] {-max}, source));
  }

  @Test
  void badWeightsAreRefused() {
    NoiseSource source = new SeededNoise(3);
    for (double[] bad :
        new double[][] {{}, {NEVER, NEVER}, {0, Double.NaN}, {0, Double.POSITIVE_INFINITY}}) {
      assertThrows(IllegalArgumentException.class, () -> ExponentialMechanism.draw(bad, source));
    }
  }
}
