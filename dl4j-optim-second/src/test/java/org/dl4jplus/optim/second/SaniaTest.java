package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Sania.Preconditioner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class SaniaTest {

  private static final double[] H = {5, 0.4, 30, 1};

  private static OracleOptimizer optimizer(Sania method, DiagonalQuadratic function) {
    return new OracleOptimizer(method, new Sgd(1), function);
  }

  private static Sania of(Preconditioner preconditioner) {
    return Sania.builder().preconditioner(preconditioner).epsilon(1e-20).build();
  }

  private static DiagonalQuadratic quadratic() {
    return new DiagonalQuadratic(H.clone(), new double[4], new double[] {1, 2, -1, 0.5});
  }

  /** w_i = v_i/c_i: the same function of v, so the same losses. */
  @Test
  void scalesOfTheParametersDoNotMatter() {
    double[] c = {1e3, 1e-3, 7, 1};
    for (Preconditioner preconditioner : Preconditioner.values()) {
      if (preconditioner == Preconditioner.NONE) {
        continue;
      }
      double[] h = new double[4];
      double[] w = new double[4];
      DiagonalQuadratic plain = quadratic();
      for (int i = 0; i < 4; i++) {
        h[i] = H[i] * c[i] * c[i];
        w[i] = plain.w.getDouble(i) / c[i];
      }
      DiagonalQuadratic scaled = new DiagonalQuadratic(h, new double[4], w);
      plain.constant = 0.5;
      scaled.constant = 0.5;
      OracleOptimizer first = optimizer(of(preconditioner), plain);
      OracleOptimizer second = optimizer(of(preconditioner), scaled);
      for (int k = 0; k < 20; k++) {
        double loss = first.step();
        assertEquals(loss, second.step(), 1e-10 * loss, preconditioner + ", step " + k);
      }
    }
  }

  /** With B = H and q = 2*l the step is Newton's. */
  @Test
  void exactCurvatureReachesTheMinimumInOneStep() {
    DiagonalQuadratic function = quadratic();
    OracleOptimizer optimizer = optimizer(of(Preconditioner.HUTCHINSON), function);
    optimizer.step();
    // 1 - sqrt(rounding)
    assertArrayEquals(new double[4], function.w.toDoubleVector(), 1e-7);
  }

  @Test
  void withoutPreconditionerItIsPolyaksStep() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[1], new double[] {3}, new double[] {1});
    function.constant = 1;
    // l = 4, q = 9
    double lambda = 1 - Math.sqrt(1 - 8.0 / 9);
    OracleOptimizer optimizer = optimizer(of(Preconditioner.NONE), function);
    optimizer.step();
    assertEquals(1 - 3 * lambda, function.w.getDouble(0), 1e-14);
    assertEquals(lambda, Sania.stepSize(optimizer.state()), 1e-15);
    function.constant = 100;
    double before = function.w.getDouble(0);
    optimizer.step();
    assertEquals(before - 3, function.w.getDouble(0), 1e-14);
    assertEquals(1, Sania.stepSize(optimizer.state()));
  }

  @Test
  void rootOfTheMetric() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[2], new double[] {4, 1e-3}, new double[2]);
    function.constant = 100;
    Sania method =
        Sania.builder().preconditioner(Preconditioner.ADAM_SQR).sqrt(true).epsilon(0.25).build();
    optimizer(method, function).step();
    assertArrayEquals(new double[] {-1, -2e-3}, function.w.toDoubleVector(), 1e-14);
  }

  @Test
  void zeroGradientsAndNegativeLossesAreNoStep() {
    for (Preconditioner preconditioner : Preconditioner.values()) {
      DiagonalQuadratic still = new DiagonalQuadratic(H, new double[4], new double[4]);
      still.constant = 1;
      DiagonalQuadratic negative = quadratic();
      negative.constant = -1000;
      INDArray start = negative.w.dup();
      OracleOptimizer first = optimizer(of(preconditioner), still);
      OracleOptimizer second = optimizer(of(preconditioner), negative);
      for (int k = 0; k < 3; k++) {
        first.step();
        second.step();
        assertArrayEquals(new double[4], still.w.toDoubleVector());
        assertEquals(start, negative.w);
        assertEquals(0, Sania.stepSize(second.state()));
      }
    }
  }

  @Test
  void failedEstimatesKeepTheLast() {
    DiagonalQuadratic function = quadratic();
    function.broken = true;
    // Large enough for the whole step of the plain gradient.
    function.constant = 1e6;
    INDArray expected = function.w.sub(function.gradient());
    OracleOptimizer optimizer = optimizer(of(Preconditioner.HUTCHINSON), function);
    optimizer.step();
    assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-12);
    function.broken = false;
    optimizer.step();
    assertEquals(11, function.products);
    function.broken = true;
    optimizer.step();
    assertArrayEquals(H, optimizer.state().vector(0).toDoubleVector(), 1e-12);
    assertArrayEquals(new double[4], function.w.toDoubleVector(), 1e-12);
  }

  @Test
  void estimatesAreTakenAsOftenAsConfigured() {
    DiagonalQuadratic function = quadratic();
    function.constant = 1;
    Sania method =
        Sania.builder()
            .preconditioner(Preconditioner.HUTCHINSON)
            .warmStartProbes(2)
            .hessianUpdateFrequency(4)
            .build();
    OracleOptimizer optimizer = optimizer(method, function);
    for (int k = 0; k < 9; k++) {
      optimizer.step();
    }
    assertEquals(4, function.products);
    assertEquals(9, function.gradients);
  }

  private static void rejects(String field, Executable build) {
    String message = assertThrows(IllegalArgumentException.class, build).getMessage();
    assertTrue(message.contains(field), message);
  }

  @Test
  void badConfigurationsAreRejected() {
    rejects("beta2", () -> Sania.builder().beta2(1.0).build());
    rejects("epsilon", () -> Sania.builder().epsilon(0.0).build());
    rejects("warmStartProbes", () -> Sania.builder().warmStartProbes(0).build());
    rejects("hessianUpdateFrequency", () -> Sania.builder().hessianUpdateFrequency(0).build());
  }
}
