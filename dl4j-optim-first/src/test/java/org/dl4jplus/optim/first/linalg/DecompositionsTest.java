package org.dl4jplus.optim.first.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DecompositionsTest {

  private static final double ROUNDING = 1e-12;

  private static INDArray random(int rows, int columns, char order) {
    Random random = new Random(31L * rows + columns);
    INDArray a = Nd4j.create(DataType.DOUBLE, new long[] {rows, columns}, order);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        a.putScalar(i, j, random.nextGaussian());
      }
    }
    return a;
  }

  private static void assertClose(INDArray expected, INDArray actual, double tolerance) {
    assertArrayEquals(expected.shape(), actual.shape());
    assertTrue(expected.sub(actual).amaxNumber().doubleValue() <= tolerance);
  }

  private static INDArray unit(long n) {
    return Nd4j.eye(n).castTo(DataType.DOUBLE);
  }

  private static void assertOrthonormal(INDArray columns) {
    assertClose(unit(columns.columns()), columns.transpose().mmul(columns), ROUNDING);
  }

  @ParameterizedTest
  @CsvSource({"4,4,c", "7,3,c", "7,3,f", "3,7,c", "3,7,f", "1,5,c", "5,1,f", "1,1,c", "40,30,c"})
  void qIsOrthonormalAndSpansTheColumns(int rows, int columns, char order) {
    INDArray a = random(rows, columns, order);
    INDArray q = Qr.q(a);
    assertOrthonormal(q);
    // The leading columns lie in the span, with a triangular factor whose diagonal is positive.
    INDArray r = q.transpose().mmul(a);
    for (int i = 0; i < Math.min(rows, columns); i++) {
      assertTrue(r.getDouble(i, i) > 0);
      for (int j = 0; j < i; j++) {
        assertEquals(0, r.getDouble(i, j), ROUNDING);
      }
    }
    assertClose(a, q.mmul(r), rows >= columns ? ROUNDING : 1e-10);
    assertClose(q, Qr.q(q), ROUNDING);
  }

  @Test
  void qOfSingularMatricesIsOrthonormal() {
    assertOrthonormal(Qr.q(Nd4j.create(DataType.DOUBLE, 5, 3)));
    assertOrthonormal(Qr.q(Nd4j.ones(DataType.DOUBLE, 5, 3)));
    assertOrthonormal(Qr.q(Nd4j.ones(DataType.DOUBLE, 3, 5)));
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "9", "30"})
  void eigenvectorsDescend(int n) {
    INDArray g = random(n, n + 2, 'c');
    INDArray a = g.mmul(g.transpose());
    INDArray vectors = SymmetricEigen.vectors(a);
    assertOrthonormal(vectors);
    INDArray diagonal = vectors.transpose().mmul(a).mmul(vectors);
    double largest = diagonal.getDouble(0, 0);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        if (i != j) {
          assertEquals(0, diagonal.getDouble(i, j), ROUNDING * largest);
        }
      }
      assertTrue(i == 0 || diagonal.getDouble(i, i) <= diagonal.getDouble(i - 1, i - 1));
    }
  }

  @Test
  void eigenvectorsOfZeroAreUnitVectors() {
    assertClose(unit(3), SymmetricEigen.vectors(Nd4j.create(DataType.DOUBLE, 3, 3)), 0);
  }

  @ParameterizedTest
  @CsvSource({"4,4,c", "7,3,c", "7,3,f", "3,7,c", "3,7,f", "1,5,c", "5,1,f", "1,1,c", "8,300,c"})
  void singularValuesAndPolarFactor(int rows, int columns, char order) {
    INDArray a = random(rows, columns, order);
    ThinSvd svd = new ThinSvd(a);
    double[] values = svd.values();
    int k = Math.min(rows, columns);
    assertEquals(k, values.length);
    INDArray right = svd.right(k);
    assertOrthonormal(right.transpose());
    INDArray image = a.mmul(right.transpose());
    double sum = 0;
    for (int i = 0; i < k; i++) {
      assertTrue(values[i] >= 0 && (i == 0 || values[i] <= values[i - 1]));
      assertEquals(values[i], image.getColumn(i).norm2Number().doubleValue(), 1e-10);
      sum += values[i];
    }
    INDArray polar = svd.polar();
    assertOrthonormal(rows >= columns ? polar : polar.transpose());
    // The polar factor is the orthonormal matrix with the largest inner product, the nuclear norm.
    assertEquals(sum, polar.mul(a).sumNumber().doubleValue(), 1e-10);
  }

  @Test
  void vanishingSingularValuesGiveNoPolarFactor() {
    assertEquals(
        0, new ThinSvd(Nd4j.create(DataType.DOUBLE, 4, 3)).polar().amaxNumber().doubleValue());
    INDArray u = random(6, 1, 'c');
    INDArray v = random(4, 1, 'c');
    double norms = u.norm2Number().doubleValue() * v.norm2Number().doubleValue();
    INDArray outer = u.mmul(v.transpose());
    assertClose(outer.div(norms), new ThinSvd(outer).polar(), ROUNDING);
  }

  @ParameterizedTest
  @CsvSource({"4,4", "7,3", "3,7", "1,5", "5,1", "1,1", "64,16"})
  void newtonSchulzBringsSingularValuesNearOne(int rows, int columns) {
    for (char order : new char[] {'c', 'f'}) {
      INDArray x = random(rows, columns, order);
      double norm = x.norm2Number().doubleValue();
      double[] before = new ThinSvd(x).values();
      INDArray doubled = x.dup(order);
      NewtonSchulz.apply(x, norm, 5, 1);
      double[] after = new ThinSvd(x).values();
      assertTrue(before[before.length - 1] >= 0.01 * norm);
      for (double value : after) {
        assertTrue(value >= 0.6 && value <= 1.25, () -> "singular value " + value);
      }
      NewtonSchulz.apply(doubled, norm, 5, 2);
      assertClose(x.mul(2), doubled, ROUNDING);
    }
  }

  @Test
  void newtonSchulzLeavesZero() {
    INDArray x = Nd4j.create(DataType.DOUBLE, 3, 2);
    NewtonSchulz.apply(x, 0, 5, 1);
    assertEquals(0, x.amaxNumber().doubleValue());
  }

  @Test
  void averagedBasesBecomeOrthonormalAgain() {
    INDArray basis = Qr.q(random(5, 5, 'c')).dup('c');
    INDArray before = basis.dup();
    EigenBasis side = new EigenBasis(Nd4j.create(DataType.DOUBLE, 5, 5), basis, true);
    side.restore();
    assertClose(before, basis, 0);
    basis.addi(Qr.q(random(5, 5, 'c').addi(1))).divi(2);
    side.restore();
    assertOrthonormal(basis);
  }

  @Test
  void largeSinglePrecisionBasesAreLeftAlone() {
    INDArray basis = Qr.q(random(200, 200, 'c')).castTo(DataType.FLOAT).dup('c');
    INDArray before = basis.dup();
    new EigenBasis(Nd4j.create(DataType.FLOAT, 200, 200), basis, true).restore();
    assertEquals(before, basis);
  }

  @Test
  void powerIterationOrdersAndConverges() {
    INDArray gram = Nd4j.diag(Nd4j.createFromArray(1.0, 4.0, 2.0));
    INDArray basis = unit(3).dup('c');
    INDArray v = Nd4j.createFromArray(new double[][] {{1, 1}, {4, 4}, {2, 2}});
    EigenBasis side = new EigenBasis(gram, basis, true);
    side.refresh(v);
    assertClose(
        Nd4j.createFromArray(new double[][] {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}), basis, ROUNDING);
    assertClose(Nd4j.createFromArray(new double[][] {{4, 4}, {2, 2}, {1, 1}}), v, 0);
    INDArray right = unit(3).dup('c');
    INDArray w = Nd4j.createFromArray(new double[][] {{1, 4, 2}});
    new EigenBasis(gram, right, false).refresh(w);
    assertClose(Nd4j.createFromArray(new double[][] {{4, 2, 1}}), w, 0);
  }
}
