package org.dl4jplus.optim.first.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MasksTest {

  private static final INDArray STEPS = Nd4j.createFromArray(new double[][] {{1, 1, 0}, {1, 0, 1}});

  @Test
  void stepsLeadInAColumn() {
    double[] column = Masks.column(STEPS, 6).toDoubleVector();
    assertArrayEquals(new double[] {1, 1, 1, 0, 0, 1}, column);
  }

  @Test
  void rowsAreThoseOfARecord() {
    assertArrayEquals(new int[] {0, 1, 3, 5}, Masks.rows(Masks.column(STEPS, 6), 2));
    assertArrayEquals(new int[] {0, 1, 3, 5}, Masks.rows(STEPS));
  }

  @Test
  void aMaskOfOutputsLeavesTheRowsThatHaveOne() {
    INDArray outputs = Nd4j.createFromArray(new double[][] {{0, 1}, {0, 0}, {1, 1}});
    assertArrayEquals(new double[] {1, 0, 1}, Masks.column(outputs, 3).toDoubleVector());
    assertArrayEquals(new int[] {0, 2}, Masks.rows(Masks.column(outputs, 3), 3));
  }

  @Test
  void nothingMaskedIsNoMask() {
    assertNull(Masks.rows(null));
    assertNull(Masks.rows(null, 3));
    assertNull(Masks.rows(Nd4j.ones(3, 1), 3));
    assertNull(Masks.column(Nd4j.ones(2, 5), 6));
  }
}
