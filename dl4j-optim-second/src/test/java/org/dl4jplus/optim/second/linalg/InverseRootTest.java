package org.dl4jplus.optim.second.linalg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class InverseRootTest {

  /** A sum of n + 2 outer products. */
  private static INDArray positive(int n, long seed) {
    Random random = new Random(seed);
    double[][] x = new double[n][n + 2];
    for (double[] row : x) {
      for (int i = 0; i < row.length; i++) {
        row[i] = random.nextGaussian();
      }
    }
    INDArray factor = Nd4j.createFromArray(x);
    return factor.mmul(factor.transpose());
  }

  private static double distance(INDArray a, INDArray b) {
    return a.sub(b).amaxNumber().doubleValue();
  }

  @Test
  void thePowerOfTheRootInvertsTheMatrix() {
    for (int p : new int[] {1, 2, 3, 4, 6}) {
      INDArray m = positive(5, p);
      for (InverseRoot result :
          new InverseRoot[] {InverseRoot.byEigenvalues(m, p, 0), InverseRoot.byNewton(m, p, 0)}) {
        INDArray product = m;
        for (int i = 0; i < p; i++) {
          product = product.mmul(result.root());
        }
        // The iteration stops at 1e-6.
        assertEquals(0, distance(Nd4j.eye(5).castTo(DataType.DOUBLE), product), 1e-4);
        assertEquals(0, result.ridge(), 0);
      }
    }
  }

  @Test
  void theRidgeIsAShareOfTheLargestEigenvalue() {
    INDArray m = Nd4j.createFromArray(new double[][] {{4, 0}, {0, 0}});
    for (InverseRoot result :
        new InverseRoot[] {
          InverseRoot.byEigenvalues(m, 2, 0.01), InverseRoot.byNewton(m, 2, 0.01)
        }) {
      assertEquals(0.04, result.ridge(), 1e-7);
      assertEquals(1 / Math.sqrt(4.04), result.root().getDouble(0, 0), 1e-5);
      assertEquals(1 / Math.sqrt(0.04), result.root().getDouble(1, 1), 1e-5);
    }
  }

  @Test
  void bothWaysAgreeInSinglePrecisionToo() {
    INDArray m = positive(6, 9).castTo(DataType.FLOAT);
    INDArray exact = InverseRoot.byEigenvalues(m, 4, 1e-6).root();
    assertEquals(DataType.DOUBLE, exact.dataType());
    assertEquals(0, distance(exact, InverseRoot.byNewton(m, 4, 1e-6).root()), 1e-5);
    assertEquals(exact, InverseRoot.of(m, 4, 1e-6).root());
  }

  @Test
  void aZeroMatrixHasTheUnitMatrix() {
    INDArray zero = Nd4j.create(DataType.DOUBLE, 3, 3);
    INDArray unit = Nd4j.eye(3).castTo(DataType.DOUBLE);
    assertEquals(unit, InverseRoot.byEigenvalues(zero, 4, 1e-6).root());
    assertEquals(unit, InverseRoot.byNewton(zero, 4, 1e-6).root());
  }

  @Test
  void oneEntryIsNotPreconditioned() {
    INDArray one = Nd4j.createFromArray(new double[][] {{16}});
    assertEquals(1, InverseRoot.of(one, 4, 1e-6).root().getDouble(0));
    assertEquals(0, InverseRoot.of(one, 4, 1e-6).ridge());
  }

  @Test
  void singularMatricesStayFinite() {
    INDArray m = Nd4j.createFromArray(new double[][] {{1, 1}, {1, 1}});
    INDArray root = InverseRoot.byEigenvalues(m, 4, 0).root();
    // The floor of 1e-30.
    assertEquals(Math.pow(1e-30, -0.25), root.getDouble(0, 0) - root.getDouble(0, 1), 1e20);
    assertEquals(Math.pow(2, -0.25), root.getDouble(0, 0) + root.getDouble(0, 1), 1e-8 * 1e8);
  }

  @Test
  void noRootIsNull() {
    INDArray bad = Nd4j.createFromArray(new double[][] {{1, Double.NaN}, {Double.NaN, 1}});
    assertNull(InverseRoot.byEigenvalues(bad, 4, 0).root());
    assertNull(InverseRoot.byNewton(bad, 4, 0).root());
    INDArray indefinite = Nd4j.createFromArray(new double[][] {{1, 0}, {0, -1}});
    assertNull(InverseRoot.byNewton(indefinite, 4, 0).root());
  }
}
