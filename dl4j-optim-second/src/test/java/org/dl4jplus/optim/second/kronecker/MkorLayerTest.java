package org.dl4jplus.optim.second.kronecker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.dl4jplus.optim.second.kronecker.MkorLayer.Rule;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class MkorLayerTest {

  private static final Rule EXACT = new Rule((r, v) -> ShermanMorrison.decayed(r, 0.95, v), 1, 2);

  private final INDArray input = Nd4j.create(DataType.DOUBLE, 3, 3);
  private final INDArray error = Nd4j.create(DataType.DOUBLE, 2, 2);

  private MkorLayer started() {
    MkorLayer layer = new MkorLayer(input, error, true, true);
    layer.start();
    return layer;
  }

  private static INDArray eye(long n) {
    return Nd4j.eye(n).castTo(DataType.DOUBLE);
  }

  @Test
  void theFirstRefreshOnlyClearsTheFlags() {
    MkorLayer layer = started();
    assertTrue(layer.resetInput() && layer.resetError());
    layer.refresh(Nd4j.createFromArray(1.0, 2, 3), Nd4j.createFromArray(1.0, 2), EXACT);
    assertFalse(layer.resetInput() || layer.resetError());
    assertEquals(eye(3), input);
    assertEquals(eye(2), error);
  }

  /** Off the vector, EXACT divides by 0.95 each time: 14 times is beyond 2. */
  @Test
  void anInputSideThatGrowsResetsBoth() {
    MkorLayer layer = started();
    INDArray x = Nd4j.createFromArray(1.0, 0, 0);
    INDArray d = Nd4j.createFromArray(0.5, 0.5);
    for (int i = 0; i < 14; i++) {
      layer.refresh(x, d, EXACT);
    }
    assertEquals(Math.pow(0.95, -13), input.getDouble(1, 1), 1e-13);
    assertFalse(layer.resetInput() || layer.resetError());
    layer.refresh(x, d, EXACT);
    assertEquals(Math.pow(0.95, -14), input.getDouble(1, 1), 1e-13);
    assertTrue(layer.resetInput());
    // In the same refresh.
    assertFalse(layer.resetError());
    assertEquals(eye(2), error);
    layer.refresh(x, d, EXACT);
    assertEquals(eye(3), input);
    assertFalse(layer.resetInput());
    assertTrue(error.getDouble(0, 0) != 1);
  }

  @Test
  void anOutputSideThatGrowsResetsBothAtTheNextRefresh() {
    MkorLayer layer = started();
    INDArray x = Nd4j.createFromArray(1.0, 1, 1).muli(3);
    INDArray zero = Nd4j.create(DataType.DOUBLE, 2);
    Rule rule = new Rule((r, v) -> v.length() == 2 ? 2.1 : 1.9, 0.25, 2);
    layer.refresh(x, zero, rule);
    input.assign(eye(3).mul(2));
    error.assign(eye(2).mul(1.5));
    layer.refresh(x, zero, rule);
    assertTrue(layer.resetInput() && layer.resetError());
    assertEquals(eye(3).mul(2), input);
    layer.refresh(x, zero, rule);
    // A quarter of the way to the unit matrix.
    assertEquals(eye(3).mul(1.75), input);
    assertEquals(eye(2).mul(1.375), error);
    assertFalse(layer.resetInput() || layer.resetError());
  }

  /** Halfway to 1: from 5 to 3, which is still beyond 2.5, and to 2. */
  @Test
  void softResetsRepeatUntilLittleIsLeft() {
    MkorLayer layer = new MkorLayer(input, error, true, false);
    layer.start();
    input.muli(5);
    Rule soft = new Rule((r, v) -> ShermanMorrison.published(r, 1, v), 0.5, 2.5);
    INDArray x = Nd4j.createFromArray(1.0, 0, 0);
    INDArray d = Nd4j.createFromArray(1.0, 0);
    layer.refresh(x, d, soft);
    assertEquals(eye(3).mul(3), input);
    assertTrue(layer.resetInput());
    layer.refresh(x, d, soft);
    assertEquals(eye(3).mul(2), input);
    assertFalse(layer.resetInput());
  }

  @Test
  void meansThatAreNotFiniteChangeNothing() {
    MkorLayer layer = started();
    assertFalse(
        layer.refresh(
            Nd4j.createFromArray(1.0, Double.NaN, 0), Nd4j.createFromArray(1.0, 1), EXACT));
    assertFalse(
        layer.refresh(
            Nd4j.createFromArray(1.0, 1, 0),
            Nd4j.createFromArray(Double.POSITIVE_INFINITY, 1),
            EXACT));
    assertTrue(layer.resetInput() && layer.resetError());
    assertEquals(eye(3), input);
  }

  @Test
  void theSumOfNormsIsTheGradients() {
    MkorLayer layer = started();
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 20; i++) {
      INDArray x = Nd4j.createFromArray(random.nextDouble(), random.nextDouble(), 1);
      INDArray d = Nd4j.createFromArray(random.nextDouble(), -random.nextDouble());
      layer.refresh(x, d, EXACT);
      INDArray gradient = x.reshape(3, 1).mmul(d.reshape(1, 2)).addi(0.1);
      for (boolean bias : new boolean[] {true, false}) {
        INDArray result = layer.precondition(gradient, bias);
        assertEquals(length(gradient, bias), length(result, bias), 1e-14);
        assertTrue(i == 0 || result.distance2(gradient) > 1e-4);
      }
    }
  }

  private static double length(INDArray matrix, boolean bias) {
    return bias
        ? matrix
                .get(NDArrayIndex.interval(0, 2), NDArrayIndex.all())
                .dup()
                .norm2Number()
                .doubleValue()
            + matrix.getRow(2).norm2Number().doubleValue()
        : matrix.norm2Number().doubleValue();
  }

  @Test
  void aZeroGradientStaysAndSoDoesOneThatOverflows() {
    MkorLayer layer = started();
    INDArray zero = Nd4j.create(DataType.DOUBLE, 3, 2);
    assertSame(zero, layer.precondition(zero, true));
    INDArray huge = Nd4j.ones(DataType.DOUBLE, 3, 2).muli(1e300);
    assertSame(huge, layer.precondition(huge, true));
  }
}
