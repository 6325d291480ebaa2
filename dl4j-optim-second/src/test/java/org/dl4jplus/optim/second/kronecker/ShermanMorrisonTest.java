package org.dl4jplus.optim.second.kronecker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ShermanMorrisonTest {

  private enum Update {
    PLAIN,
    DECAYED,
    TOWARDS_IDENTITY,
    PUBLISHED;

    double apply(INDArray inverse, INDArray v) {
      return switch (this) {
        case PLAIN -> ShermanMorrison.plain(inverse, v);
        case DECAYED -> ShermanMorrison.decayed(inverse, 0.95, v);
        case TOWARDS_IDENTITY -> ShermanMorrison.towardsIdentity(inverse, 0.95, v);
        case PUBLISHED -> ShermanMorrison.published(inverse, 0.95, v);
      };
    }
  }

  private static INDArray random(SplittableRandom random, DataType type, long... shape) {
    double[] values = new double[(int) Nd4j.create(shape).length()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * random.nextDouble() - 1;
    }
    return Nd4j.createFromArray(values).castTo(type).reshape('c', shape);
  }

  private static INDArray eye(long n) {
    return Nd4j.eye(n).castTo(DataType.DOUBLE);
  }

  private static void assertInverse(INDArray matrix, INDArray inverse) {
    assertArrayEquals(
        eye(matrix.rows()).reshape(-1).toDoubleVector(),
        matrix.mmul(inverse).reshape(-1).toDoubleVector(),
        1e-12);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 64, 67, 128, 300})
  void updatesAreInverses(int n) {
    SplittableRandom random = new SplittableRandom(1);
    INDArray x = random(random, DataType.DOUBLE, 2 * n, n);
    INDArray a = x.transpose().mmul(x).divi(2 * n).addi(eye(n));
    INDArray v = random(random, DataType.DOUBLE, n);
    INDArray outer = v.reshape(n, 1).mmul(v.reshape(1, n));
    INDArray j = Nd4j.create(DataType.DOUBLE, n, n);
    assertTrue(DampedInverse.invert(a, 1e-300, j));
    INDArray plain = j.dup('c');
    double largest = ShermanMorrison.plain(plain, v);
    assertInverse(a.add(outer), plain);
    assertEquals(plain.amaxNumber().doubleValue(), largest);
    INDArray decayed = j.dup('c');
    ShermanMorrison.decayed(decayed, 0.9, v);
    assertInverse(a.mul(0.9).addi(outer.mul(0.1)), decayed);
    INDArray official = j.dup('c');
    ShermanMorrison.towardsIdentity(official, 0.9, v);
    INDArray expected = j.mul(0.9).addi(eye(n).mul(0.1));
    ShermanMorrison.plain(expected, v);
    assertArrayEquals(
        expected.reshape(-1).toDoubleVector(), official.reshape(-1).toDoubleVector(), 1e-14);
  }

  /** 1,000 updates, restarted where the matrix outgrows what MKOR lets it reach. */
  @ParameterizedTest
  @EnumSource(Update.class)
  void staysSymmetricPositiveDefinite(Update update) {
    SplittableRandom random = new SplittableRandom(2);
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      INDArray r = Nd4j.eye(9).castTo(type);
      INDArray out = Nd4j.create(DataType.DOUBLE, 9, 9);
      for (int i = 0; i < 1000; i++) {
        INDArray v = random(random, type, 9).muli(Math.pow(10, 3 * random.nextDouble() - 2));
        if (update.apply(r, v) > 2) {
          ShermanMorrison.mixIdentity(r, 1);
        }
        if (i % 20 == 19) {
          assertEquals(r.transpose().dup('c'), r);
          assertTrue(DampedInverse.invert(r, 1e-300, out), update + " after " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Update.class)
  void whatIsNotFiniteResets(Update update) {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1e200}) {
      INDArray r = eye(3).muli(0.5);
      assertEquals(1, update.apply(r, Nd4j.createFromArray(bad, -bad, 1)));
      assertEquals(eye(3), r);
    }
  }

  @Test
  void anIndefiniteMatrixResets() {
    INDArray r = eye(2).muli(-1);
    assertEquals(1, ShermanMorrison.plain(r, Nd4j.createFromArray(1.0, 1.0)));
    assertEquals(eye(2), r);
  }

  @Test
  void aZeroVectorLeavesTheInverse() {
    INDArray r = Nd4j.createFromArray(new double[][] {{2, 0.5}, {0.5, 1}});
    assertEquals(2, ShermanMorrison.plain(r, Nd4j.create(DataType.DOUBLE, 2)));
    assertEquals(Nd4j.createFromArray(new double[][] {{2, 0.5}, {0.5, 1}}), r);
  }

  @Test
  void mixesWithTheUnitMatrix() {
    INDArray r = Nd4j.createFromArray(new double[][] {{3, 1}, {1, 2}});
    ShermanMorrison.mixIdentity(r, 0.25);
    assertEquals(Nd4j.createFromArray(new double[][] {{2.5, 0.75}, {0.75, 1.75}}), r);
    ShermanMorrison.mixIdentity(r, 1);
    assertEquals(eye(2), r);
  }
}
