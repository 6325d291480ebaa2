package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.GradientUpdater;

class EXAdamTest {

  @Test
  void theCorrectionsFadeToNothing() {
    // From step 1000 on beta1^t and beta2^t are below a bit: m and v are the gradient's own.
    EXAdam updater = EXAdam.builder().learningRate(0.01).beta1(0.5).beta2(0.9).build();
    GradientUpdater<?> running = Updates.start(updater, 1);
    double[] u = {};
    for (int k = 0; k < 1000; k++) {
      u = Updates.next(running, k, -3);
    }
    assertEquals(0.01 * -6 / (3 + 1e-8), u[0], 1e-14);
  }

  @Test
  void theFirstStepHasBothCorrections() {
    double m = 0.1 * 2;
    double v = 0.001 * 4;
    double d1 = 1 + v / (v + 1e-8) * 0.999;
    double d2 = 1 + m * m / (m * m + 1e-8) * 0.9;
    double expected = 1e-3 * (m + 2) / 0.1 * d1 / (Math.sqrt(4 * d2) + 1e-8);
    assertEquals(expected, Updates.of(new EXAdam(), new double[][] {{2}})[0][0], 1e-14);
  }

  @Test
  void nothingOverNothingIsNothing() {
    EXAdam updater = EXAdam.builder().epsilon(0.0).build();
    assertArrayEquals(new double[] {0, 0}, Updates.of(updater, new double[][] {{0, 0}})[0]);
  }
}
