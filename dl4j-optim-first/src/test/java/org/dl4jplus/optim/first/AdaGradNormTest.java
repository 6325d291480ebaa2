package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Sgd;

class AdaGradNormTest {

  @Test
  void theSquaredStepsSumToALogarithm() {
    AdaGradNorm updater = AdaGradNorm.builder().learningRate(0.5).b0(0.2).build();
    GradientUpdater<?> running = Updates.start(updater, 4);
    assertEquals(0.04, AdaGradNorm.getAccumulator(running), 1e-15);
    double acc = 0.04;
    double squares = 0;
    for (double[] gradient : Updates.randomGradients(9, 100, 4)) {
      for (double g : gradient) {
        acc += g * g;
      }
      for (double u : Updates.next(running, 0, gradient)) {
        squares += u * u;
      }
      assertEquals(acc, AdaGradNorm.getAccumulator(running), 1e-12 * acc);
      assertTrue(squares <= 0.25 * (1 + Math.log(acc / 0.04)));
    }
  }

  @Test
  void nothingAccumulatedNoStep() {
    AdaGradNorm updater = AdaGradNorm.builder().b0(0.0).build();
    double[][] u = Updates.of(updater, new double[][] {{0, 0}, {3, -4}});
    assertArrayEquals(new double[] {0, 0}, u[0]);
    assertArrayEquals(new double[] {0.06, -0.08}, u[1], 1e-15);
  }

  @Test
  void theInitialAccumulatorStandsForB0() {
    AdaGradNorm updater =
        AdaGradNorm.builder()
            .b0(7.0)
            .initialAccumulator(9.0)
            .epsilon(1.0)
            .learningRate(6.0)
            .build();
    assertEquals(9, AdaGradNorm.getAccumulator(Updates.start(updater, 2)), 1e-15);
    // sqrt(9 + 16) + 1
    assertArrayEquals(new double[] {0, 4}, Updates.of(updater, new double[][] {{0, 4}})[0], 1e-15);
    assertEquals(0, new AdaGradNorm().getEpsilon());
    assertEquals(1e-10, AdaGradNorm.builder().initialAccumulator(0.01).build().getEpsilon());
    assertThrows(
        IllegalArgumentException.class,
        () -> AdaGradNorm.builder().initialAccumulator(-1.0).build());
  }

  @Test
  void theStateDoesNotGrowWithTheParameters() {
    assertEquals(new AdaGradNorm().stateSize(1), new AdaGradNorm().stateSize(1_000_000));
  }

  @Test
  void otherUpdatersHaveNoAccumulator() {
    GradientUpdater<?> other = Updates.start(new Sgd(0.1), 1);
    assertThrows(IllegalArgumentException.class, () -> AdaGradNorm.getAccumulator(other));
  }
}
