package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;

class PolynomialDecayAveragingTest {

  @Test
  void gammaZeroIsThePlainMean() {
    PolynomialDecayAveraging averaging = new PolynomialDecayAveraging(0);
    for (double v : new double[] {1, 2, 6}) {
      averaging.update(Nd4j.createFromArray(v, -v));
    }
    assertArrayEquals(new double[] {3, -3}, averaging.averagedParams().toDoubleVector(), 1e-12);
  }

  @Test
  void aResumedAverageGoesOn() {
    PolynomialDecayAveraging whole = new PolynomialDecayAveraging();
    PolynomialDecayAveraging resumed = new PolynomialDecayAveraging();
    for (int i = 0; i < 10; i++) {
      if (i == 6) {
        resumed.resume(whole.averagedParams(), whole.getSteps());
      }
      whole.update(Nd4j.createFromArray(i * 0.3, i * i));
      if (i >= 6) {
        resumed.update(Nd4j.createFromArray(i * 0.3, i * i));
      }
    }
    assertArrayEquals(
        whole.averagedParams().toDoubleVector(), resumed.averagedParams().toDoubleVector());
  }

  @Test
  void thereIsNoAverageOfNothing() {
    assertThrows(
        IllegalStateException.class, () -> new PolynomialDecayAveraging().averagedParams());
  }
}
