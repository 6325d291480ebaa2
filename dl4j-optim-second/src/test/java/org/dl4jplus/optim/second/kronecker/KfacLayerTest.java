package org.dl4jplus.optim.second.kronecker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.dl4jplus.optim.second.kronecker.KfacLayer.Inverse;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class KfacLayerTest {

  private static final int N = 40;
  private static final int IN = 3;
  private static final int OUT = 2;

  private final SplittableRandom random = new SplittableRandom(3);
  private final INDArray a = Nd4j.create(DataType.DOUBLE, IN + 1, IN + 1);
  private final INDArray g = Nd4j.create(DataType.DOUBLE, OUT, OUT);
  private final INDArray aInverse = a.ulike();
  private final INDArray gInverse = g.ulike();
  private final KfacLayer layer = new KfacLayer(a, g, aInverse, gInverse);

  private INDArray random(long rows, long columns) {
    INDArray array = Nd4j.create(DataType.DOUBLE, rows, columns);
    for (long i = 0; i < rows; i++) {
      for (long j = 0; j < columns; j++) {
        array.putScalar(i, j, 2 * random.nextDouble() - 1);
      }
    }
    return array;
  }

  private static INDArray kron(INDArray x, INDArray y) {
    INDArray product = Nd4j.create(DataType.DOUBLE, x.size(0) * y.size(0), x.size(1) * y.size(1));
    for (long i = 0; i < product.size(0); i++) {
      for (long j = 0; j < product.size(1); j++) {
        product.putScalar(
            i,
            j,
            x.getDouble(i / y.size(0), j / y.size(1)) * y.getDouble(i % y.size(0), j % y.size(1)));
      }
    }
    return product;
  }

  private static INDArray eye(long n) {
    return Nd4j.eye(n).castTo(DataType.DOUBLE);
  }

  private static void assertClose(INDArray expected, INDArray actual, double tolerance) {
    assertArrayEquals(
        expected.dup('c').reshape('c', new long[] {expected.length()}).toDoubleVector(),
        actual.dup('c').reshape('c', new long[] {actual.length()}).toDoubleVector(),
        tolerance);
  }

  /** For one example the block of the Fisher matrix is exactly the product of its factors. */
  @Test
  void oneExamplesFisherIsTheProduct() {
    INDArray x = random(1, IN);
    INDArray d = random(1, OUT);
    KroneckerFactors factors = KroneckerFactors.of(x, d, true, 1);
    INDArray gradient =
        KroneckerFactors.homogeneous(x).transpose().mmul(d).dup('c').reshape('c', 8, 1);
    assertClose(gradient.mmul(gradient.transpose()), kron(factors.input(), factors.error()), 1e-15);
  }

  /** (A kron G)^-1 vec(gradient), solved as one system. */
  @Test
  void preconditionedIsTheSolution() {
    for (boolean pi : new boolean[] {false, true}) {
      layer.accumulate(KroneckerFactors.of(random(N, IN), random(N, OUT).mul(7), true, N), 0);
      layer.accumulate(KroneckerFactors.of(random(N, IN), random(N, OUT), true, N), 0.95);
      assertEquals(Inverse.READY, layer.invert(0.04, pi));
      double split = pi ? layer.pi() : 1;
      assertTrue(split == 1 ^ pi);
      INDArray gradient = random(IN + 1, OUT);
      INDArray product =
          kron(a.add(eye(IN + 1).mul(0.2 * split)), g.add(eye(OUT).mul(0.2 / split)));
      INDArray v = layer.precondition(gradient).dup('c').reshape('c', 8, 1);
      assertClose(gradient.dup('c').reshape('c', 8, 1), product.mmul(v), 1e-12);
    }
  }

  /** A linear layer with loss |f-y|^2/2 and G = I: one step of rate 1 is Newton's. */
  @Test
  void leastSquaresInOneStep() {
    INDArray x = random(N, IN);
    INDArray y = random(N, OUT);
    INDArray w = random(IN + 1, OUT);
    INDArray rows = KroneckerFactors.homogeneous(x);
    layer.accumulate(KroneckerFactors.of(x, y, true, N), 0);
    g.assign(eye(OUT));
    assertEquals(Inverse.READY, layer.invert(1e-24, false));
    w.subi(layer.precondition(rows.transpose().mmul(rows.mmul(w).subi(y)).divi(N)));
    assertClose(
        Nd4j.create(DataType.DOUBLE, IN + 1, OUT),
        rows.transpose().mmul(rows.mmul(w).subi(y)),
        1e-10);
  }

  /** x -> c x and W -> W/c: what the step does to the layer's outputs stays. */
  @Test
  void inputScaleDoesNotMatter() {
    INDArray x = random(N, IN);
    INDArray d = random(N, OUT);
    INDArray[] moves = new INDArray[2];
    for (int i = 0; i < 2; i++) {
      INDArray scaled = x.mul(i == 0 ? 1 : 50);
      INDArray rows = KroneckerFactors.homogeneous(scaled);
      layer.accumulate(KroneckerFactors.of(scaled, d, true, N), 0);
      assertEquals(Inverse.READY, layer.invert(1e-24, true));
      moves[i] = rows.mmul(layer.precondition(rows.transpose().mmul(d).divi(N)));
    }
    assertClose(moves[0], moves[1], 1e-9);
  }

  /** KFC's A counts all pixels of an example, G averages them. */
  @Test
  void positionsScaleTheInputFactor() {
    INDArray x = random(N, IN);
    INDArray d = random(N, OUT);
    KroneckerFactors factors = KroneckerFactors.of(x, d, false, N / 4);
    assertEquals(4, factors.positions());
    assertClose(x.transpose().mmul(x).divi(N / 4), factors.inputPerExample(), 1e-14);
    assertClose(d.transpose().mmul(d).divi(N), factors.error(), 1e-15);
  }

  @Test
  void zeroErrorsAndDeadInputs() {
    assertTrue(
        layer.accumulate(
            KroneckerFactors.of(random(N, IN), Nd4j.create(DataType.DOUBLE, N, OUT), true, N), 0));
    assertEquals(Inverse.ZERO, layer.invert(0.03, true));
    assertTrue(
        layer.accumulate(
            KroneckerFactors.of(Nd4j.create(DataType.DOUBLE, N, IN), random(N, OUT), true, N), 0));
    assertEquals(Inverse.READY, layer.invert(0.03, true));
    INDArray zeroA = Nd4j.create(DataType.DOUBLE, IN, IN);
    KfacLayer dead = new KfacLayer(zeroA, g, zeroA.ulike(), gInverse);
    assertEquals(Inverse.READY, dead.invert(0.03, true));
    assertEquals(1e-3, dead.pi());
    assertTrue(dead.precondition(random(IN, OUT)).norm2Number().doubleValue() < 1e10);
  }

  @Test
  void whatIsNotFiniteIsLeftOut() {
    layer.accumulate(KroneckerFactors.of(random(N, IN), random(N, OUT), true, N), 0);
    INDArray before = a.dup();
    for (double bad : new double[] {1e200, Double.NaN, Double.NEGATIVE_INFINITY}) {
      INDArray rows = random(N, IN);
      rows.putScalar(1, 1, bad);
      assertFalse(layer.accumulate(KroneckerFactors.of(rows, random(N, OUT), true, N), 0.95));
      assertFalse(
          layer.accumulate(
              KroneckerFactors.of(random(N, OUT + 1), rows.getColumns(0, 1), true, N), 0.95));
    }
    assertEquals(before, a);
  }

  @Test
  void moreDampingForAnIndefiniteMatrixAndThenNone() {
    INDArray matrix = Nd4j.createFromArray(new double[][] {{1, 0}, {0, -1}});
    INDArray out = Nd4j.ones(DataType.DOUBLE, 2, 2);
    assertFalse(DampedInverse.invert(matrix, 1e-4, out));
    assertEquals(Nd4j.ones(DataType.DOUBLE, 2, 2), out);
    assertTrue(DampedInverse.invert(matrix, 0.01, out));
    assertClose(Nd4j.createFromArray(new double[][] {{1 / 2.28, 0}, {0, 1 / 0.28}}), out, 1e-12);
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      assertFalse(
          DampedInverse.invert(Nd4j.createFromArray(new double[][] {{1, 0}, {0, bad}}), 1, out));
    }
  }

  @Test
  void hugeFactorsWithoutDamping() {
    INDArray rows = random(2, IN).muli(1e150);
    assertTrue(layer.accumulate(KroneckerFactors.of(rows, random(2, OUT), true, 2), 0));
    if (layer.invert(1e-300, true) == Inverse.READY) {
      assertTrue(
          Double.isFinite(layer.precondition(random(IN + 1, OUT)).norm2Number().doubleValue()));
    }
  }
}
