package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class FAdamTest {

  @Test
  void theNaturalGradientIsClipped() {
    double[][] gradients = Updates.randomGradients(5, 20, 30);
    for (double[] gradient : gradients) {
      gradient[0] *= 1000;
    }
    for (double p : new double[] {0.5, 0.4}) {
      FAdam updater =
          FAdam.builder().learningRate(1.0).beta1(0.0).clip(0.5).p(p).weightDecay(0.0).build();
      for (double[] n : Updates.of(updater, gradients)) {
        double rms = Math.sqrt(Arrays.stream(n).map(x -> x * x).average().orElseThrow());
        assertTrue(rms <= 0.5 * (1 + 1e-12), "rms " + rms);
      }
    }
  }

  @Test
  void theExponentOneHalfIsARoot() {
    double[][] gradients = Updates.randomGradients(6, 10, 5);
    double[][] root = Updates.of(FAdam.builder().weightDecay(0.0).build(), gradients);
    double[][] power =
        Updates.of(FAdam.builder().weightDecay(0.0).p(Math.nextUp(0.5)).build(), gradients);
    for (int k = 0; k < root.length; k++) {
      assertArrayEquals(root[k], power[k], 1e-14);
    }
  }

  @Test
  void onlyDecayNeedsParameters() {
    assertTrue(new FAdam().needsParameters());
    assertFalse(FAdam.builder().weightDecay(0.0).build().needsBinding());
  }

  @Test
  void inDoublePrecisionASmallFloorIsEnoughToDecay() {
    INDArray p = Nd4j.createFromArray(1.0, 2.0);
    // The floor is 1e-8 to the power of 6.
    FAdam updater = FAdam.builder().learningRate(0.1).beta1(0.0).p(3.0).weightDecay(1.0).build();
    new ArrayOptimizer(updater, List.of(), p).step(Nd4j.createFromArray(1.0, 0.0));
    // n = (1, 0); w = (1, 2e48), clipped to root mean square 1.
    assertArrayEquals(new double[] {1 - 0.1, 2 - 0.1 * Math.sqrt(2)}, p.toDoubleVector(), 1e-12);
  }

  @Test
  void decaysOnlyWhereItCanDivide() {
    INDArray p = Nd4j.createFromArray(1.0, 2.0);
    FAdam updater = FAdam.builder().learningRate(0.1).beta1(0.0).epsilon(0.0).build();
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    optimizer.step(Nd4j.createFromArray(0.0, 0.0));
    assertArrayEquals(new double[] {1, 2}, p.toDoubleVector());
    // n = (1, 0): the second divisor is 0.
    optimizer.step(Nd4j.createFromArray(3.0, 0.0));
    double b = 0.999 * 0.001 / (1 - 0.999 * 0.999);
    double n = 1 / Math.sqrt(1 - b);
    double rms = Math.max(1, Math.sqrt(n * n / 2));
    assertArrayEquals(new double[] {1 - 0.1 * n / rms, 2}, p.toDoubleVector(), 1e-9);
    // Now it decays: w = p/sqrt(f), clipped.
    double before = p.getDouble(1);
    optimizer.step(Nd4j.createFromArray(0.0, 1.0));
    assertTrue(p.getDouble(1) < before);
    assertEquals(1 - 0.1 * n / rms, p.getDouble(0), 0.1 * 0.001 * Math.sqrt(2) + 1e-9);
  }
}
