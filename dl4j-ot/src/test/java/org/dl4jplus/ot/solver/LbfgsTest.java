package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LbfgsTest {

  @Test
  void rosenbrocksValleyIsFollowed() {
    Lbfgs.Minimum minimum =
        Lbfgs.builder()
            .build()
            .minimize(
                (x, g) -> {
                  double u = x[1] - x[0] * x[0];
                  g[0] = -2 * (1 - x[0]) - 400 * x[0] * u;
                  g[1] = 200 * u;
                  return (1 - x[0]) * (1 - x[0]) + 100 * u * u;
                },
                new double[] {-1.2, 1});
    assertTrue(minimum.converged());
    assertArrayEquals(new double[] {1, 1}, minimum.x(), 1e-8);
    assertTrue(minimum.iterations() < 60);
  }

  @Test
  void aKinkIsFoundAndReported() {
    Lbfgs.Minimum minimum =
        Lbfgs.builder()
            .build()
            .minimize(
                (x, g) -> {
                  g[0] = Math.signum(x[0] - 1);
                  g[1] = 2 * x[1];
                  return Math.abs(x[0] - 1) + x[1] * x[1];
                },
                new double[] {5, 3});
    assertEquals(0, minimum.value(), 1e-6);
  }

  @Test
  void stepsIntoTheVoidAreTakenBack() {
    Lbfgs.Minimum minimum =
        Lbfgs.builder()
            .build()
            .minimize(
                (x, g) -> {
                  g[0] = 1 - 1e-3 / x[0];
                  return x[0] - 1e-3 * Math.log(x[0]);
                },
                new double[] {1});
    assertEquals(1e-3, minimum.x()[0], 1e-9);
  }
}
