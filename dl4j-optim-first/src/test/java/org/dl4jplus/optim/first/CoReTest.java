package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;

class CoReTest {

  private static CoRe.CoReBuilder rprop() {
    return CoRe.builder().beta2(-1.0).beta1Initial(0.0).beta1Final(0.0);
  }

  @Test
  void inSignModeWithoutMemoryItIsRprop() {
    double[][] gradients = Updates.randomGradients(7, 100, 6);
    double[][] u = Updates.of(rprop().learningRate(0.01).stepSizeMin(1e-3).build(), gradients);
    for (int i = 0; i < 6; i++) {
      double size = 0.01;
      double previous = 0;
      for (int k = 0; k < 100; k++) {
        double g = gradients[k][i];
        size *= g * previous > 0 ? 1.2 : g * previous < 0 ? 0.7375 : 1;
        size = Math.min(Math.max(size, 1e-3), 1e-2);
        previous = g;
        assertEquals(Math.signum(g) * size, u[k][i], 1e-15);
      }
    }
  }

  @Test
  void stepSizesStayInTheirRange() {
    int n = 40;
    CoRe updater = CoRe.builder().learningRate(1.0).stepSizeMin(1e-4).build();
    INDArray state = Nd4j.create(DataType.DOUBLE, updater.stateSize(n));
    GradientUpdater<?> running = updater.instantiate(state, true);
    for (double[] gradient : Updates.randomGradients(8, 100, n)) {
      Updates.next(running, 0, gradient);
      double[] sizes = Arrays.copyOfRange(state.toDoubleVector(), n, 2 * n);
      assertTrue(Arrays.stream(sizes).allMatch(s -> s >= 1e-4 && s <= 1e-2));
    }
  }

  @Test
  void freezesTheWeightsWithTheHighestScores() {
    CoRe updater = rprop().scoreHistory(2).frozenFraction(0.5).build();
    // Scores grow with |c|*s, so the second and the fourth weight lead after two steps.
    double[] gradient = {0.1, -4, 0.2, 3, -0.3};
    double[][] u = Updates.of(updater, new double[][] {gradient, gradient, gradient});
    assertTrue(Arrays.stream(u[1]).allMatch(x -> x != 0));
    double size = 1e-3 * 1.2 * 1.2;
    assertArrayEquals(new double[] {size, 0, size, 0, -size}, u[2], 1e-15);
  }

  @Test
  void freezesInSinglePrecisionToo() {
    CoRe updater = rprop().scoreHistory(1).frozenFraction(0.34).build();
    INDArray state = Nd4j.create(DataType.FLOAT, updater.stateSize(3));
    GradientUpdater<?> running = updater.instantiate(state, true);
    INDArray g = Nd4j.createFromArray(-1f, 2f, 1f);
    for (int k = 0; k < 2; k++) {
      INDArray u = g.dup();
      running.applyUpdater(u, k, 0);
      assertEquals(k == 0 ? 1e-3f : 0f, u.getFloat(1));
      assertTrue(u.getFloat(0) < 0 && u.getFloat(2) > 0);
    }
  }

  @Test
  void theDecayIsInProportionToTheStep() {
    INDArray p = Nd4j.createFromArray(2.0, -3.0, 4.0);
    INDArray u = Nd4j.createFromArray(0.5, 0.5, -0.5);
    new AbsUpdateWeightDecay(0.1).apply(p, u, 123, 0, 0);
    assertArrayEquals(new double[] {0.6, 0.35, -0.3}, u.toDoubleVector(), 1e-15);
  }

  @Test
  void rejectsWhatMakesNoSense() {
    for (CoRe.CoReBuilder builder :
        List.of(
            CoRe.builder().learningRate(0.0),
            CoRe.builder().stepSizeMin(0.0),
            CoRe.builder().stepSizeMin(0.1),
            CoRe.builder().etaMinus(0.0),
            CoRe.builder().etaMinus(1.1),
            CoRe.builder().etaPlus(0.9),
            CoRe.builder().beta2(-0.5),
            CoRe.builder().beta1Final(1.0),
            CoRe.builder().beta1Decay(0.0),
            CoRe.builder().frozenFraction(1.1))) {
      assertThrows(IllegalArgumentException.class, builder::build, builder.toString());
    }
    assertThrows(IllegalArgumentException.class, () -> new CoRe().setLrAndSchedule(0, null));
  }
}
