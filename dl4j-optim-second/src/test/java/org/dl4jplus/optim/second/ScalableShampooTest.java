package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.linalg.Qr;
import org.dl4jplus.optim.first.linalg.ThinSvd;
import org.dl4jplus.optim.second.ScalableShampoo.Graft;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ScalableShampooTest {

  private static INDArray normal(Random random, long... shape) {
    int length = 1;
    for (long s : shape) {
      length *= (int) s;
    }
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = random.nextGaussian();
    }
    return Nd4j.createFromArray(values).reshape('c', shape);
  }

  private static double distance(INDArray a, INDArray b) {
    return a.sub(b).amaxNumber().doubleValue();
  }

  private static ArrayOptimizer optimizer(ScalableShampoo shampoo, INDArray... parameters) {
    return new ArrayOptimizer(shampoo, List.of(), parameters);
  }

  private static ScalableShampoo.ScalableShampooBuilder plain() {
    return ScalableShampoo.builder()
        .mergeSmallDimensions(false)
        .graft(Graft.NONE)
        .momentum(0.0)
        .matrixEpsilon(0.0);
  }

  @Test
  void theFirstStepIsThePolarFactor() {
    Random random = new Random(1);
    INDArray g = normal(random, 4, 4);
    INDArray p = Nd4j.create(DataType.DOUBLE, 4, 4);
    optimizer(plain().build(), p).step(g);
    assertEquals(0, distance(new ThinSvd(g).polar(), p.neg()), 1e-9);
  }

  @Test
  void rotatedGradientsGiveRotatedSteps() {
    Random random = new Random(2);
    INDArray left = Qr.q(normal(random, 4, 4));
    INDArray right = Qr.q(normal(random, 3, 3));
    ScalableShampoo shampoo =
        ScalableShampoo.builder()
            .learningRate(0.1)
            .mergeSmallDimensions(false)
            .matrixEpsilon(1e-4)
            .beta2(0.9)
            .preconditioningComputeSteps(2)
            .build();
    INDArray p = Nd4j.create(DataType.DOUBLE, 4, 3);
    INDArray q = Nd4j.create(DataType.DOUBLE, 4, 3);
    ArrayOptimizer straight = optimizer(shampoo, p);
    ArrayOptimizer rotated = optimizer(shampoo, q);
    for (int t = 0; t < 6; t++) {
      INDArray g = normal(random, 4, 3);
      straight.step(g);
      rotated.step(left.mmul(g).mmul(right).dup('c'));
    }
    assertEquals(0, distance(left.mmul(p).mmul(right), q), 1e-10);
    assertTrue(p.amaxNumber().doubleValue() > 0.1);
  }

  @Test
  void blocksThatAreLargeEnoughAreNoBlocks() {
    INDArray[] p = {normal(new Random(3), 5, 7), normal(new Random(3), 5, 7)};
    int[] sizes = {7, 1000};
    for (int i = 0; i < 2; i++) {
      Random random = new Random(4);
      ArrayOptimizer optimizer =
          optimizer(
              ScalableShampoo.builder().mergeSmallDimensions(false).blockSize(sizes[i]).build(),
              p[i]);
      for (int t = 0; t < 5; t++) {
        optimizer.step(normal(random, 5, 7));
      }
    }
    assertEquals(0, distance(p[0], p[1]), 0);
  }

  @Test
  void aBlockThatNothingReachesChangesNothingElsewhere() {
    Random random = new Random(5);
    INDArray wide = Nd4j.create(DataType.DOUBLE, 3, 6);
    INDArray half = Nd4j.create(DataType.DOUBLE, 3, 3);
    ScalableShampoo shampoo =
        ScalableShampoo.builder().blockSize(3).matrixEpsilon(1e-6).learningRate(0.1).build();
    ArrayOptimizer whole = optimizer(shampoo, wide);
    ArrayOptimizer part = optimizer(shampoo, half);
    for (int t = 0; t < 4; t++) {
      INDArray g = normal(random, 3, 3);
      part.step(g);
      whole.step(Nd4j.concat(1, g, Nd4j.create(DataType.DOUBLE, 3, 3)).dup('c'));
    }
    INDArray zero = Nd4j.create(DataType.DOUBLE, 3, 3);
    assertEquals(0, distance(Nd4j.concat(1, half, zero), wide), 1e-12);
    assertTrue(half.amaxNumber().doubleValue() > 0.1);
  }

  @Test
  void kernelsHaveFourAxes() {
    INDArray p = Nd4j.create(DataType.DOUBLE, 2, 2, 2, 2);
    INDArray g = Nd4j.create(DataType.DOUBLE, 2, 2, 2, 2);
    g.putScalar(new long[] {1, 0, 1, 0}, 3);
    optimizer(plain().build(), p).step(g);
    // Four axes with the statistic 9 each: 3 * (9^(-1/8))^4 = 1.
    assertEquals(-1, p.getDouble(1, 0, 1, 0), 1e-6);
    assertEquals(1, p.norm2Number().doubleValue(), 1e-6);
  }

  @Test
  void vectorsTakeTheGraftedMethod() {
    INDArray p = Nd4j.create(DataType.DOUBLE, 3);
    ArrayOptimizer optimizer = optimizer(new ScalableShampoo(0.5), p);
    double[] g = {1, -2, 0.5};
    double[] expected = new double[3];
    double[] m = new double[3];
    for (int t = 0; t < 3; t++) {
      optimizer.step(Nd4j.createFromArray(g));
      for (int i = 0; i < 3; i++) {
        m[i] = 0.9 * (0.9 * m[i] + g[i]) + g[i];
        expected[i] -= 0.5 * m[i];
      }
    }
    assertArrayEquals(expected, p.toDoubleVector(), 1e-12);
  }

  @Test
  void beforeItStartsItIsTheGraftedMethodWithOneDecay() {
    double[] w = {1, 2, 3, 4};
    INDArray p = Nd4j.createFromArray(w.clone()).reshape('c', new long[] {2, 2});
    ArrayOptimizer optimizer =
        optimizer(
            ScalableShampoo.builder()
                .learningRate(0.1)
                .graft(Graft.ADAGRAD)
                .startPreconditioningStep(3)
                .mergeSmallDimensions(false)
                .weightDecay(0.5)
                .build(),
            p);
    double[] g = {1, -2, 0.5, 3};
    double[] q = new double[4];
    for (int t = 1; t <= 2; t++) {
      optimizer.step(Nd4j.createFromArray(g).reshape('c', new long[] {2, 2}));
      for (int i = 0; i < 4; i++) {
        double a = g[i] / (Math.sqrt(t) * Math.abs(g[i]) + 1e-6) + 0.5 * w[i];
        q[i] = 0.9 * (0.9 * q[i] + g[i]) + a;
        w[i] -= 0.1 * q[i];
      }
    }
    assertArrayEquals(w, p.reshape('c', new long[] {4}).toDoubleVector(), 1e-12);
    optimizer.step(Nd4j.createFromArray(g).reshape('c', new long[] {2, 2}));
    assertTrue(Double.isFinite(p.sumNumber().doubleValue()));
  }

  @Test
  void rootsStayAsTheyAreBetweenComputations() {
    INDArray p = Nd4j.create(DataType.DOUBLE, 2, 2);
    ArrayOptimizer optimizer = optimizer(plain().preconditioningComputeSteps(3).build(), p);
    INDArray g = Nd4j.createFromArray(new double[][] {{2, 0}, {0, 4}});
    optimizer.step(g);
    optimizer.step(g);
    // The unit matrix until the third step.
    assertEquals(-8, p.getDouble(1, 1), 1e-12);
    optimizer.step(g);
    assertEquals(-8 - 4 / Math.sqrt(3 * 16), p.getDouble(1, 1), 1e-9);
  }

  @Test
  void zeroGradientsMoveNothing() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray p = Nd4j.ones(type, 3, 4);
      ArrayOptimizer optimizer =
          optimizer(ScalableShampoo.builder().mergeSmallDimensions(false).build(), p);
      optimizer.step(Nd4j.create(type, 3, 4));
      assertEquals(Nd4j.ones(type, 3, 4), p);
      optimizer.step(normal(new Random(6), 3, 4).castTo(type));
      assertTrue(Double.isFinite(p.sumNumber().doubleValue()));
    }
  }

  @Test
  void gradientsWhoseSquaresOverflowArePassedOver() {
    INDArray p = Nd4j.ones(DataType.FLOAT, 3, 4);
    ArrayOptimizer optimizer =
        optimizer(ScalableShampoo.builder().mergeSmallDimensions(false).build(), p);
    INDArray g = normal(new Random(7), 3, 4).castTo(DataType.FLOAT);
    optimizer.step(g);
    INDArray before = p.dup();
    INDArray state = optimizer.state().dup();
    optimizer.step(g.mul(1e25));
    assertEquals(before, p);
    // All but the step counter.
    long counter = state.length() - 2;
    state.putScalar(counter, 2);
    assertEquals(state, optimizer.state());
  }

  @Test
  void rootsOfAnotherThreadTakeOver() throws InterruptedException {
    INDArray p = Nd4j.create(DataType.DOUBLE, 2, 2);
    ArrayOptimizer optimizer = optimizer(plain().asyncRoots(true).build(), p);
    INDArray g = Nd4j.createFromArray(new double[][] {{2, 0}, {0, 4}});
    double last = 0;
    for (int t = 0; t < 500 && (last == 0 || last > 2); t++) {
      INDArray before = p.dup();
      optimizer.step(g);
      last = before.sub(p).getDouble(1, 1);
      Thread.sleep(2);
    }
    assertTrue(last < 2, "the step stayed the gradient: " + last);
  }

  @Test
  void badFieldsAreNamed() {
    for (ScalableShampoo.ScalableShampooBuilder bad :
        List.of(
            ScalableShampoo.builder().beta2(0.0),
            ScalableShampoo.builder().blockSize(0),
            ScalableShampoo.builder().matrixEpsilon(-1.0),
            ScalableShampoo.builder().momentum(1.0),
            ScalableShampoo.builder().preconditioningComputeSteps(0))) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, bad::build)
              .getMessage()
              .contains("must be"));
    }
  }
}
