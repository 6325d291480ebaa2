package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.Adam;

class DiffGradTest {

  @Test
  void liesBetweenHalfOfAdamsUpdateAndAdams() {
    double[][] gradients = Updates.randomGradients(2, 30, 50);
    double[][] u = Updates.of(new DiffGrad(0.01), gradients);
    double[][] adam = Updates.of(new Adam(0.01), gradients);
    for (int k = 0; k < u.length; k++) {
      for (int i = 0; i < u[k].length; i++) {
        double ratio = u[k][i] / adam[k][i];
        assertTrue(ratio >= 0.5 - 1e-9 && ratio <= 1 + 1e-9, "ratio " + ratio);
      }
    }
  }

  @Test
  void isHalfOfAdamOnAConstantGradientFromTheSecondStepOn() {
    double[][] gradients = {{2, -0.1}, {2, -0.1}, {2, -0.1}};
    double[][] u = Updates.of(new DiffGrad(0.01), gradients);
    double[][] adam = Updates.of(new Adam(0.01), gradients);
    assertEquals(1 / (1 + Math.exp(-2)), u[0][0] / adam[0][0], 1e-9);
    for (int k = 1; k < 3; k++) {
      assertEquals(0.5, u[k][0] / adam[k][0], 1e-9);
      assertEquals(0.5, u[k][1] / adam[k][1], 1e-9);
    }
  }
}
