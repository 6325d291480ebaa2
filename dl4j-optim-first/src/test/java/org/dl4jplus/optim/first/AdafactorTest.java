package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.vector.Scalars;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class AdafactorTest {

  private static Adafactor plain(double clip) {
    return Adafactor.builder()
        .learningRate(0.1)
        .relativeStep(false)
        .scaleParameter(false)
        .clipThreshold(clip)
        .build();
  }

  private static long stateSize(Adafactor updater, long... shape) {
    INDArray p = Nd4j.create(DataType.DOUBLE, shape);
    return new ArrayOptimizer(updater, List.of(), p).state().length() - Scalars.PLACES;
  }

  @Test
  void stateIsRowsAndColumns() {
    assertEquals(30 + 7, stateSize(new Adafactor(), 30, 7));
    assertEquals(9, stateSize(new Adafactor(), 9));
    assertEquals(5 * 4 * (3 + 2), stateSize(new Adafactor(), 5, 4, 3, 2));
    assertEquals(30 + 7 + 210, stateSize(Adafactor.builder().beta1(0.9).build(), 30, 7));
  }

  @Test
  void factorsOfRankOneSquaresAreExact() {
    double[] rows = {1, 0.5, 3};
    double[] columns = {2, 0.1, 1, 7};
    INDArray g = Nd4j.create(DataType.DOUBLE, 3, 4);
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 4; j++) {
        g.putScalar(i, j, (i + j) % 2 == 0 ? rows[i] * columns[j] : -rows[i] * columns[j]);
      }
    }
    INDArray p = Nd4j.create(DataType.DOUBLE, 3, 4);
    ArrayOptimizer optimizer = new ArrayOptimizer(plain(1), List.of(), p);
    for (int t = 1; t <= 3; t++) {
      optimizer.step(g);
      // Signs: root mean square 1, not clipped.
      for (int i = 0; i < 12; i++) {
        assertEquals(-0.1 * t * Math.signum(g.getDouble(i)), p.getDouble(i), 1e-12);
      }
    }
  }

  @Test
  void kernelsAreMatricesOfTheirLastAxes() {
    Random random = new Random(1);
    INDArray whole = Nd4j.create(DataType.DOUBLE, 2, 1, 3, 4);
    INDArray[] parts = {Nd4j.create(DataType.DOUBLE, 3, 4), Nd4j.create(DataType.DOUBLE, 3, 4)};
    ArrayOptimizer together = new ArrayOptimizer(plain(1e9), List.of(), whole);
    ArrayOptimizer apart = new ArrayOptimizer(plain(1e9), List.of(), parts);
    for (int t = 0; t < 4; t++) {
      INDArray g = random(DataType.DOUBLE, random, new long[] {2, 1, 3, 4})[0];
      together.step(g);
      apart.step(part(g, 0), part(g, 1));
    }
    assertTrue(part(whole, 0).sub(parts[0]).amaxNumber().doubleValue() < 1e-12);
    assertTrue(part(whole, 1).sub(parts[1]).amaxNumber().doubleValue() < 1e-12);
  }

  private static INDArray part(INDArray kernels, int index) {
    return kernels.get(
        NDArrayIndex.point(index), NDArrayIndex.point(0), NDArrayIndex.all(), NDArrayIndex.all());
  }

  @Test
  void relativeStepsFollowTheParameters() {
    INDArray p = Nd4j.createFromArray(3.0, -4.0, 3.0, -4.0);
    INDArray zero = Nd4j.create(DataType.DOUBLE, 4);
    ArrayOptimizer optimizer = new ArrayOptimizer(new Adafactor(), List.of(), p, zero);
    INDArray g = Nd4j.createFromArray(1.0, -1.0, 1.0, -1.0);
    optimizer.step(g, g);
    double size = Math.sqrt(12.5);
    assertArrayEquals(
        new double[] {3 - 1e-2 * size, -4 + 1e-2 * size, 3 - 1e-2 * size, -4 + 1e-2 * size},
        p.toDoubleVector(),
        1e-12);
    assertEquals(-1e-2 * 1e-3, zero.getDouble(0), 1e-12);
  }

  @Test
  void largeStepsAreClipped() {
    INDArray p = Nd4j.create(DataType.DOUBLE, 5);
    ArrayOptimizer optimizer = new ArrayOptimizer(plain(0.5), List.of(), p);
    optimizer.step(random(DataType.DOUBLE, new Random(2), new long[] {5}));
    assertEquals(0.1 * 0.5, p.norm2Number().doubleValue() / Math.sqrt(5), 1e-12);
  }

  @Test
  void adaLomoIsAdafactorWithARate() {
    long[][] shapes = {{3, 4}, {5}};
    Random random = new Random(3);
    INDArray[] p = random(DataType.DOUBLE, random, shapes);
    INDArray[] q = {p[0].dup(), p[1].dup()};
    ArrayOptimizer a =
        new ArrayOptimizer(
            AdaLomo.builder().learningRate(0.05).weightDecay(0.1).build(), List.of(), p);
    Adafactor adafactor =
        Adafactor.builder().learningRate(0.05).relativeStep(false).weightDecay(0.1).build();
    ArrayOptimizer b = new ArrayOptimizer(adafactor, List.of(), q);
    for (int t = 0; t < 4; t++) {
      INDArray[] g = random(DataType.DOUBLE, random, shapes);
      a.step(g);
      b.step(g);
    }
    assertArrayEquals(p, q);
  }

  @Test
  void ratesAndRelativeStepsExclude() {
    assertEquals(
        "learningRate must not be set with relativeStep = true, got 0.1",
        assertThrows(
                IllegalArgumentException.class, () -> Adafactor.builder().learningRate(0.1).build())
            .getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> Adafactor.builder().relativeStep(false).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> Adafactor.builder().learningRate(0.1).relativeStep(false).warmupInit(true).build());
    assertThrows(IllegalArgumentException.class, () -> Adafactor.builder().decayRate(0.1).build());
    assertTrue(Double.isNaN(new Adafactor().getLearningRate(0, 0)));
    assertEquals(0.1, new Adafactor(0.1).getLearningRate(0, 0));
  }
}
