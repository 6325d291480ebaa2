package org.dl4jplus.bilevel.problem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AffineConstraintsTest {

  private final SplittableRandom random = new SplittableRandom(5);

  private double[] draw(int n) {
    double[] v = new double[n];
    for (int i = 0; i < n; i++) {
      v[i] = 2 * random.nextDouble() - 1;
    }
    return v;
  }

  private AffineConstraints constraints(int rows, boolean equality) {
    double[][] a = new double[rows][];
    double[][] b = new double[rows][];
    double[] c = new double[rows];
    for (int i = 0; i < rows; i++) {
      a[i] = draw(3);
      b[i] = draw(4);
      // Holds at 0.
      c[i] = -random.nextDouble();
    }
    return new AffineConstraints(a, b, c, equality);
  }

  /** The nearest point is the one from which the way to the start has no part within the set. */
  @Test
  void theProjectionIsTheNearestPoint() {
    for (int test = 0; test < 40; test++) {
      int rows = 1 + test % 4;
      AffineConstraints constraints = constraints(rows, false);
      INDArray x = Nd4j.createFromArray(draw(3)).muli(5);
      INDArray y = Nd4j.createFromArray(draw(4)).muli(5);
      INDArray px = x.dup();
      INDArray py = y.dup();
      constraints.project(px, py);
      INDArray values = Nd4j.zeros(DataType.DOUBLE, rows);
      constraints.values(px, py, values);
      assertTrue(values.maxNumber().doubleValue() <= 1e-12, values::toString);
      for (int other = 0; other < 20; other++) {
        INDArray ox = Nd4j.createFromArray(draw(3)).muli(5);
        INDArray oy = Nd4j.createFromArray(draw(4)).muli(5);
        constraints.project(ox, oy);
        double along =
            x.sub(px).mul(ox.sub(px)).sumNumber().doubleValue()
                + y.sub(py).mul(oy.sub(py)).sumNumber().doubleValue();
        assertTrue(along <= 1e-9, "there is a nearer point: " + along);
      }
    }
  }

  @Test
  void equalitiesHoldExactly() {
    AffineConstraints constraints = constraints(3, true);
    INDArray x = Nd4j.createFromArray(draw(3));
    INDArray y = Nd4j.createFromArray(draw(4));
    constraints.project(x, y);
    INDArray values = Nd4j.zeros(DataType.DOUBLE, 3);
    constraints.values(x, y, values);
    assertEquals(0, values.amaxNumber().doubleValue(), 1e-13);
  }

  @Test
  void productsAreThoseOfDifferences() {
    AffineConstraints constraints = constraints(3, false);
    INDArray m = Nd4j.createFromArray(draw(3));
    INDArray inX = Nd4j.zeros(DataType.DOUBLE, 3);
    INDArray inY = Nd4j.zeros(DataType.DOUBLE, 4);
    INDArray x = Nd4j.createFromArray(draw(3));
    INDArray y = Nd4j.createFromArray(draw(4));
    constraints.products(x, y, m, inX, inY);
    INDArray dx = Nd4j.createFromArray(draw(3));
    INDArray dy = Nd4j.createFromArray(draw(4));
    INDArray there = m.ulike();
    INDArray here = m.ulike();
    constraints.values(x.add(dx), y.add(dy), there);
    constraints.values(x, y, here);
    assertEquals(
        there.sub(here).mul(m).sumNumber().doubleValue(),
        inX.mul(dx).sumNumber().doubleValue() + inY.mul(dy).sumNumber().doubleValue(),
        1e-12);
  }

  @Test
  void badConstraintsAreRefused() {
    double[][] one = {{1, 0}};
    double[][] two = {{1, 0}, {1, 0}};
    assertThrows(
        IllegalArgumentException.class,
        () -> new AffineConstraints(one, two, new double[] {1}, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> new AffineConstraints(two, two, new double[] {1, 2}, true));
    assertThrows(
        IllegalArgumentException.class,
        () -> new AffineConstraints(one, one, new double[] {Double.NaN}, false));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new AffineConstraints(
                new double[][] {{0}}, new double[][] {{0}}, new double[] {1}, false));
    // x <= -1 and x >= 1.
    AffineConstraints impossible =
        new AffineConstraints(
            new double[][] {{1}, {-1}}, new double[][] {{0}, {0}}, new double[] {1, 1}, false);
    INDArray x = Nd4j.createFromArray(0.0);
    assertThrows(IllegalArgumentException.class, () -> impossible.project(x, x.dup()));
  }
}
