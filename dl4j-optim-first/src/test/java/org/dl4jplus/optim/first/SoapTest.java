package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.linalg.Qr;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

class SoapTest {

  private static double distance(INDArray a, INDArray b) {
    return a.sub(b).amaxNumber().doubleValue();
  }

  @Test
  void withTheUnitBasisItIsAdam() {
    for (long[] shape : new long[][] {{3, 4}, {4, 3}, {1, 5}, {6}}) {
      Random random = new Random(1);
      INDArray p = random(DataType.DOUBLE, random, shape)[0];
      INDArray q = p.dup();
      Soap soap = Soap.builder().learningRate(0.01).preconditionFrequency(100).build();
      ArrayOptimizer byBasis = new ArrayOptimizer(soap, List.of(), p);
      // A zero gradient fixes the unit matrix as basis.
      byBasis.step(Nd4j.create(DataType.DOUBLE, shape));
      ArrayOptimizer plain = new ArrayOptimizer(new Adam(0.01, 0.95, 0.95, 1e-8), List.of(), q);
      for (int t = 0; t < 5; t++) {
        INDArray g = random(DataType.DOUBLE, random, shape)[0];
        byBasis.step(g);
        plain.step(g);
      }
      // The platform's Adam rounds its betas to single precision.
      assertTrue(distance(p, q) < 1e-7);
    }
  }

  @Test
  void theFirstStepMovesNothing() {
    Random random = new Random(2);
    INDArray[] p = random(DataType.DOUBLE, random, new long[] {3, 4}, new long[] {3});
    INDArray before = p[0].dup();
    ArrayOptimizer optimizer = new ArrayOptimizer(new Soap(), List.of(), p);
    optimizer.step(random(DataType.DOUBLE, random, new long[] {3, 4}, new long[] {3}));
    assertEquals(before, p[0]);
    optimizer.step(random(DataType.DOUBLE, random, new long[] {3, 4}, new long[] {3}));
    assertTrue(distance(before, p[0]) > 0);
  }

  @Test
  void rotatedGradientsGiveRotatedSteps() {
    Random random = new Random(3);
    INDArray left = Qr.q(random(DataType.DOUBLE, random, new long[] {4, 4})[0]);
    INDArray right = Qr.q(random(DataType.DOUBLE, random, new long[] {4, 4})[0]);
    INDArray p = Nd4j.create(DataType.DOUBLE, 4, 4);
    INDArray q = Nd4j.create(DataType.DOUBLE, 4, 4);
    Soap soap = Soap.builder().preconditionFrequency(2).build();
    ArrayOptimizer straight = new ArrayOptimizer(soap, List.of(), p);
    ArrayOptimizer rotated = new ArrayOptimizer(soap, List.of(), q);
    for (int t = 0; t < 6; t++) {
      INDArray g = random(DataType.DOUBLE, random, new long[] {4, 4})[0];
      straight.step(g);
      rotated.step(left.mmul(g).mmul(right).dup('c'));
    }
    assertTrue(distance(left.mmul(p).mmul(right), q) < 1e-9);
    assertTrue(p.amaxNumber().doubleValue() > 1e-3);
  }

  @Test
  void normalizedStepsHaveTheRateAsRootMeanSquare() {
    Random random = new Random(4);
    INDArray p = Nd4j.create(DataType.DOUBLE, 3, 5);
    Soap soap =
        Soap.builder().learningRate(0.1).normalizeGradients(true).biasCorrection(false).build();
    ArrayOptimizer optimizer = new ArrayOptimizer(soap, List.of(), p);
    optimizer.step(random(DataType.DOUBLE, random, new long[] {3, 5}));
    optimizer.step(random(DataType.DOUBLE, random, new long[] {3, 5}));
    assertEquals(0.1, p.norm2Number().doubleValue() / Math.sqrt(15), 1e-12);
  }

  @Test
  void badFieldsAreNamed() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Soap.builder().shampooBeta(-0.5).build())
            .getMessage()
            .contains("shampooBeta"));
    assertThrows(
        IllegalArgumentException.class, () -> Soap.builder().preconditionFrequency(0).build());
  }
}
