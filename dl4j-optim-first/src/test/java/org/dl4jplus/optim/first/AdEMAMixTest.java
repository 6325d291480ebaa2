package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class AdEMAMixTest {

  @Test
  void isAdamWithoutTheSlowAverage() {
    double[][] gradients = Updates.randomGradients(3, 20, 4);
    double[][] u = Updates.of(AdEMAMix.builder().alpha(0.0).build(), gradients);
    double[] m = new double[4];
    double[] v = new double[4];
    for (int k = 0; k < u.length; k++) {
      for (int i = 0; i < 4; i++) {
        double g = gradients[k][i];
        m[i] += 0.1 * (g - m[i]);
        v[i] += 0.001 * (g * g - v[i]);
        double mHat = m[i] / (1 - Math.pow(0.9, k + 1));
        double vHat = v[i] / (1 - Math.pow(0.999, k + 1));
        assertEquals(1e-3 * mHat / (Math.sqrt(vHat) + 1e-8), u[k][i], 1e-14);
      }
    }
  }

  @Test
  void needsNoFastAverageWithoutItsWeight() {
    AdEMAMix updater = AdEMAMix.builder().beta1(0.0).build();
    assertEquals(new AdEMAMix().stateSize(100) - 100, updater.stateSize(100));
    // One step: g + alpha*(1-beta3)*g over |g|.
    double[] u = Updates.of(updater, new double[][] {{2, -1}})[0];
    assertArrayEquals(new double[] {1e-3 * 1.0002, -1e-3 * 1.0002}, u, 1e-10);
  }

  @Test
  void alphaRisesLinearly() {
    assertEquals(1.25, Warmup.linear(5, 3, 12));
    assertEquals(5, Warmup.linear(5, 12, 12));
    assertEquals(5, Warmup.linear(5, 1, 0));
  }

  @Test
  void theHalfLifeRisesLinearly() {
    assertEquals(0.9999, Warmup.halfLife(0.9, 0.9999, 1, 0));
    assertEquals(0.9999, Warmup.halfLife(0.9, 0.9999, 100, 100));
    double start = Math.log(0.5) / Math.log(0.9 + 1e-8);
    double end = Math.log(0.5) / Math.log(0.9999 + 1e-8);
    for (int t = 0; t < 100; t += 10) {
      double halfLife = Math.log(0.5) / Math.log(Warmup.halfLife(0.9, 0.9999, t, 100));
      assertEquals(start + (end - start) * t / 100, halfLife, 1e-6 * end);
    }
  }
}
