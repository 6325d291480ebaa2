package org.dl4jplus.optim.second.curvature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class HutchinsonTest {

  /** A quadratic with a given Hessian; counts its gradients. */
  private static final class Quadratic implements GradientOracle {

    private final INDArray hessian;
    private final INDArray w;
    private int gradients;

    Quadratic(double[][] hessian) {
      this.hessian = Nd4j.createFromArray(hessian);
      w = Nd4j.zeros(DataType.DOUBLE, hessian.length);
    }

    @Override
    public INDArray parameters() {
      return w;
    }

    @Override
    public double lossAndGradient(INDArray point, INDArray gradientOut) {
      gradients++;
      gradientOut.assign(hessian.mmul(point));
      return 0;
    }
  }

  private static INDArray diagonal(Quadratic quadratic, int count, long draw) {
    INDArray diagonal = quadratic.w.ulike();
    Hutchinson.rademacher(5, count).diagonal(quadratic, quadratic.w, draw, diagonal);
    return diagonal;
  }

  private static final double[][] FULL = {{2, 0.5, -1}, {0.5, -3, 0.25}, {-1, 0.25, 0.1}};

  /** The rounding of a central difference is some 1e-9 here. */
  @Test
  void oneProbeIsExactForDiagonalMatrices() {
    Quadratic quadratic = new Quadratic(new double[][] {{2, 0, 0}, {0, -3, 0}, {0, 0, 0}});
    for (int draw = 0; draw < 5; draw++) {
      assertArrayEquals(
          new double[] {2, -3, 0}, diagonal(quadratic, 1, draw).toDoubleVector(), 1e-8);
    }
    assertEquals(-1, Hutchinson.rademacher(1, 2).trace(quadratic, quadratic.w, 0), 1e-8);
    assertEquals(5 * 2 + 2 * 2, quadratic.gradients);
  }

  /** An entry's variance is the sum of its row's squares beside the diagonal. */
  @Test
  void manyProbesApproachTheDiagonal() {
    int count = 2000;
    double[] found = diagonal(new Quadratic(FULL), count, 0).toDoubleVector();
    for (int i = 0; i < 3; i++) {
      double variance = 0;
      for (int j = 0; j < 3; j++) {
        variance += i == j ? 0 : FULL[i][j] * FULL[i][j];
      }
      assertEquals(FULL[i][i], found[i], 4.5 * Math.sqrt(variance / count), "entry " + i);
    }
  }

  @Test
  void theSameDrawIsTheSameEstimate() {
    Quadratic quadratic = new Quadratic(FULL);
    long root = Nd4j.getRandom().rootState();
    assertEquals(diagonal(quadratic, 1, 7), diagonal(quadratic, 1, 7));
    assertEquals(root, Nd4j.getRandom().rootState(), "the network's random stream was used");
    INDArray first = Nd4j.create(DataType.DOUBLE, 10_000);
    INDArray second = first.ulike();
    new Rademacher(3).fill(4, 0, first);
    new Rademacher(3).fill(4, 1, second);
    assertNotEquals(first, second);
    for (INDArray probe : new INDArray[] {first, second, first.mul(second)}) {
      // 4.5 standard deviations of a sum of independent signs
      assertTrue(Math.abs(probe.sumNumber().doubleValue()) < 450, "sum " + probe.sumNumber());
      assertEquals(10_000, probe.mul(probe).sumNumber().doubleValue());
    }
    INDArray single = Nd4j.create(DataType.FLOAT, 10_000);
    new Rademacher(3).fill(4, 0, single);
    assertEquals(first, single.castTo(DataType.DOUBLE));
  }

  @Test
  void whatIsNotFiniteIsReported() {
    Quadratic quadratic = new Quadratic(new double[][] {{Double.NaN}});
    assertThrows(ArithmeticException.class, () -> diagonal(quadratic, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> Hutchinson.rademacher(0, 0));
  }
}
