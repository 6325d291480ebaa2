package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.LionK.Kappa;
import org.dl4jplus.optim.first.linalg.ThinSvd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.WeightDecay;

class LionKTest {

  private static LionK lion(Kappa kappa, double rate) {
    return LionK.builder()
        .learningRate(rate)
        .kappa(kappa)
        .kappaEpsilon(0.3)
        .kappaTopK(4)
        .kappaP(3.0)
        .build();
  }

  /** What the kappa bounds by 1. */
  private static ToDoubleFunction<INDArray> gauge(Kappa kappa) {
    return switch (kappa) {
      case L2 -> z -> z.norm2Number().doubleValue();
      // The dual exponent of 3 is 1.5.
      case LP ->
          z -> {
            double sum =
                Arrays.stream(z.reshape('c', new long[] {z.length()}).toDoubleVector())
                    .map(v -> Math.pow(Math.abs(v), 1.5))
                    .sum();
            return Math.pow(sum, 1 / 1.5);
          };
      case TOPK_L1 ->
          z -> Math.max(z.norm1Number().doubleValue() / 4, z.amaxNumber().doubleValue());
      case GROUP_L2 -> z -> z.norm2(1).maxNumber().doubleValue();
      case NUCLEAR -> z -> new ThinSvd(z).values()[0];
      default -> z -> z.amaxNumber().doubleValue();
    };
  }

  @ParameterizedTest
  @EnumSource(Kappa.class)
  void decayKeepsTheParametersInTheSet(Kappa kappa) {
    double rate = 0.2;
    double decay = 0.5;
    double shrink = 1 - rate * decay;
    ToDoubleFunction<INDArray> gauge = gauge(kappa);
    Random random = new Random(1);
    INDArray p = random(DataType.DOUBLE, random, new long[] {3, 4})[0].muli(20);
    ArrayOptimizer optimizer =
        new ArrayOptimizer(lion(kappa, rate), List.of(new WeightDecay(decay, true)), p);
    double excess = gauge.applyAsDouble(p.mul(decay)) - 1;
    assertTrue(excess > 1);
    for (int t = 0; t < 60; t++) {
      optimizer.step(random(DataType.DOUBLE, random, new long[] {3, 4}));
      excess = Math.max(0, excess * shrink);
      // A convex combination of the old point and one of the set: never further away than this.
      assertTrue(gauge.applyAsDouble(p.mul(decay)) - 1 <= excess + 1e-9);
    }
  }

  private static INDArray firstUpdate(LionK updater, INDArray gradient) {
    INDArray p = Nd4j.create(DataType.DOUBLE, gradient.shape());
    new ArrayOptimizer(updater, List.of(), p).step(gradient);
    return p.neg();
  }

  @Test
  void zeroEntriesAndTiesAreDefined() {
    INDArray g = Nd4j.createFromArray(2.0, -2.0, 2.0, 0.0, 0.5);
    LionK topK = LionK.builder().learningRate(1.0).kappa(Kappa.TOPK_L1).kappaTopK(2).build();
    assertEquals(Nd4j.createFromArray(1.0, -1.0, 0.0, 0.0, 0.0), firstUpdate(topK, g));
    assertEquals(Nd4j.createFromArray(1.0, -1.0, 1.0, 0.0, 1.0), firstUpdate(lion(Kappa.L1, 1), g));
    LionK all = LionK.builder().learningRate(1.0).kappa(Kappa.TOPK_L1).kappaTopK(99).build();
    assertEquals(firstUpdate(lion(Kappa.L1, 1), g), firstUpdate(all, g));
  }

  @Test
  void powerTwoIsTheEuclideanNorm() {
    INDArray g = random(DataType.DOUBLE, new Random(2), new long[] {3, 4})[0];
    LionK power = LionK.builder().learningRate(0.1).kappa(Kappa.LP).kappaP(2.0).build();
    INDArray u = firstUpdate(power, g);
    assertTrue(u.sub(firstUpdate(lion(Kappa.L2, 0.1), g)).amaxNumber().doubleValue() < 1e-14);
    assertEquals(0.1, u.norm2Number().doubleValue(), 1e-14);
  }

  @Test
  void smoothSignsTendToSigns() {
    INDArray g = random(DataType.DOUBLE, new Random(3), new long[] {3, 4})[0].muli(1e6);
    for (Kappa kappa : List.of(Kappa.HUBER, Kappa.SOFT_L1, Kappa.RELATIVISTIC, Kappa.TANH)) {
      INDArray difference = firstUpdate(lion(kappa, 1), g).sub(firstUpdate(lion(Kappa.L1, 1), g));
      assertTrue(difference.amaxNumber().doubleValue() < 1e-6);
    }
  }

  @Test
  void directionIsTakenBeforeTheMomentumMoves() {
    INDArray p = Nd4j.create(DataType.DOUBLE, 1);
    LionK updater = LionK.builder().learningRate(1.0).kappa(Kappa.L1).beta1(0.9).beta2(0.5).build();
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    optimizer.step(Nd4j.createFromArray(1.0));
    // m = 0.5: 0.45 - 0.1 * 4 is above 0, with the moved m it would be below.
    optimizer.step(Nd4j.createFromArray(-4.0));
    assertEquals(-2, p.getDouble(0));
  }

  @Test
  void onlyRowsAndMatricesNeedShapes() {
    for (Kappa kappa : Kappa.values()) {
      assertEquals(
          kappa == Kappa.GROUP_L2 || kappa == Kappa.NUCLEAR, lion(kappa, 1).needsBinding());
    }
    assertFalse(new LionK().needsBinding());
  }

  @Test
  void whatAKappaNeedsHasToBeSet() {
    assertEquals(
        "kappaEpsilon must be set for kappa = TANH",
        assertThrows(
                IllegalArgumentException.class, () -> LionK.builder().kappa(Kappa.TANH).build())
            .getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> LionK.builder().kappa(Kappa.HUBER).kappaEpsilon(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> LionK.builder().kappa(Kappa.TOPK_L1).kappaTopK(0).build());
    assertThrows(
        IllegalArgumentException.class, () -> LionK.builder().kappa(Kappa.LP).kappaP(1.0).build());
  }
}
