package org.dl4jplus.optim.first.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LanczosTest {

  private static Lanczos diagonal(int order, double... values) {
    INDArray diagonal = Nd4j.createFromArray(values);
    return Lanczos.run(diagonal::mul, Lanczos.normalStart(values.length, 4), order);
  }

  @Test
  void allStepsGiveTheWholeSpectrum() {
    Lanczos lanczos = diagonal(99, 3, -1, 7, 0.5, 20);
    Lanczos.Ritz ritz = lanczos.ritz();
    assertArrayEquals(new double[] {-1, 0.5, 3, 7, 20}, ritz.values(), 1e-10);
    INDArray top = lanczos.combine(ritz.vectors()[4]);
    assertEquals(1, Math.abs(top.getDouble(4)), 1e-10);
    assertEquals(1, GradientTurn.norm(top), 1e-14);
    assertEquals(5, lanczos.alphas().length);
    assertEquals(4, lanczos.betas().length);
  }

  @Test
  void fewStepsFindTheExtremes() {
    double[] values = new double[60];
    Arrays.setAll(values, i -> i / 60.0);
    values[7] = -5;
    values[11] = 40;
    double[] found = diagonal(20, values).ritz().values();
    assertEquals(20, found.length);
    assertEquals(-5, found[0], 1e-8);
    assertEquals(40, found[19], 1e-8);
  }

  @Test
  void theWeightsIntegrateMomentsExactly() {
    double[] values = {1, 2, 3, 4, 5, 6, 7, 8};
    INDArray start = Lanczos.normalStart(8, 4);
    start.divi(GradientTurn.norm(start));
    Lanczos.Ritz ritz = diagonal(3, values).ritz();
    double[] weights = ritz.weights();
    // A rule with three nodes is exact up to the fifth power.
    for (int power = 0; power <= 5; power++) {
      double expected = 0;
      for (int i = 0; i < 8; i++) {
        expected += Math.pow(start.getDouble(i), 2) * Math.pow(values[i], power);
      }
      double sum = 0;
      for (int i = 0; i < 3; i++) {
        sum += weights[i] * Math.pow(ritz.values()[i], power);
      }
      assertEquals(expected, sum, 1e-9 * Math.max(1, expected), "power " + power);
    }
  }

  @Test
  void anInvariantSpaceEndsIt() {
    INDArray diagonal = Nd4j.createFromArray(2.0, 3, 5, 7);
    Lanczos one = Lanczos.run(diagonal::mul, Nd4j.createFromArray(0.0, 4, 0, 0), 4);
    assertArrayEquals(new double[] {3}, one.ritz().values(), 1e-12);
    Lanczos two = Lanczos.run(diagonal::mul, Nd4j.createFromArray(1.0, 0, 0, -1), 4);
    assertArrayEquals(new double[] {2, 7}, two.ritz().values(), 1e-12);
    Lanczos zero = Lanczos.run(v -> v.mul(0), Nd4j.createFromArray(1.0, 2, 3), 3);
    assertArrayEquals(new double[] {0}, zero.ritz().values(), 0);
  }

  @Test
  void vectorsStayOrthogonal() {
    double[] values = new double[200];
    Arrays.setAll(values, i -> Math.pow(0.9, i));
    Lanczos lanczos = diagonal(60, values);
    int steps = lanczos.steps();
    INDArray rows = Nd4j.create(DataType.DOUBLE, steps, 200);
    for (int i = 0; i < steps; i++) {
      double[] unit = new double[steps];
      unit[i] = 1;
      rows.putRow(i, lanczos.combine(unit));
    }
    INDArray identity = rows.mmul(rows.transpose());
    assertTrue(identity.equalsWithEps(Nd4j.eye(steps).castTo(DataType.DOUBLE), 1e-12));
  }

  @Test
  void productsThatAreNotFiniteAreReported() {
    assertThrows(
        ArithmeticException.class,
        () -> Lanczos.run(v -> v.dup().assign(Double.NaN), Lanczos.normalStart(4, 1), 3));
  }
}
