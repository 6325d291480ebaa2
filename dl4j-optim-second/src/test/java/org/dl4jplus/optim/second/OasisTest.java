package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Oasis.Mode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class OasisTest {

  private static final double[] H = {5, 0.4, 30, 1};
  private static final double[] B = {1, -0.3, 2, 0.5};

  private static DiagonalQuadratic quadratic() {
    return new DiagonalQuadratic(H.clone(), B.clone(), new double[] {1, 2, -1, 0.5});
  }

  private static OracleOptimizer optimizer(Oasis method, DiagonalQuadratic function) {
    return new OracleOptimizer(method, new Sgd(1), function);
  }

  /** w_i = v_i/c_i: the same function of v, so the same losses. */
  @Test
  void scalesOfTheParametersDoNotMatter() {
    double[] c = {1e3, 1e-3, 7, 1};
    double[] h = new double[4];
    double[] b = new double[4];
    double[] w = new double[4];
    DiagonalQuadratic plain = quadratic();
    for (int i = 0; i < 4; i++) {
      h[i] = H[i] * c[i] * c[i];
      b[i] = B[i] * c[i];
      w[i] = plain.w.getDouble(i) / c[i];
    }
    DiagonalQuadratic scaled = new DiagonalQuadratic(h, b, w);
    Oasis method = Oasis.builder().alpha(1e-12).initialStep(0.1).build();
    OracleOptimizer first = optimizer(method, plain);
    OracleOptimizer second = optimizer(method, scaled);
    for (int k = 0; k < 8; k++) {
      double loss = first.step();
      assertEquals(loss, second.step(), 1e-11 * Math.abs(loss), "step " + k);
    }
  }

  /** With D = H the second argument is 1/2 whatever the step, and the first one follows it. */
  @Test
  void exactCurvatureGivesStepsOfOneHalf() {
    DiagonalQuadratic function = quadratic();
    OracleOptimizer optimizer = optimizer(new Oasis(), function);
    INDArray expected = function.w.sub(function.gradient().div(Nd4j.createFromArray(H)).muli(1e-3));
    optimizer.step();
    assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-14);
    assertEquals(1e-3, Oasis.stepSize(optimizer.state()));
    for (int k = 1; k < 6; k++) {
      optimizer.step();
      assertEquals(0.5, Oasis.stepSize(optimizer.state()), 1e-10);
    }
  }

  @Test
  void costsAreTwoGradientsAndAProduct() {
    DiagonalQuadratic function = quadratic();
    OracleOptimizer optimizer = optimizer(new Oasis(), function);
    optimizer.step();
    assertEquals(1, function.gradients);
    assertEquals(10, function.products);
    optimizer.step();
    assertEquals(3, function.gradients);
    assertEquals(11, function.products);
    DiagonalQuadratic seldom = quadratic();
    optimizer =
        optimizer(Oasis.builder().hessianUpdateFrequency(3).mode(Mode.FIXED).build(), seldom);
    for (int k = 0; k < 7; k++) {
      optimizer.step();
    }
    assertEquals(12, seldom.products);
    assertEquals(7, seldom.gradients);
  }

  @Test
  void fixedStepsAreTheRates() {
    DiagonalQuadratic function = quadratic();
    Oasis method = Oasis.builder().mode(Mode.FIXED).momentum(0.5).weightDecay(0.1).build();
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(0.2), function);
    INDArray m = function.w.ulike().assign(0);
    for (int k = 0; k < 4; k++) {
      m.muli(0.5).addi(function.gradient().muli(0.5));
      INDArray direction = m.div(Nd4j.createFromArray(H)).addi(function.w.mul(0.1));
      INDArray expected = function.w.sub(direction.muli(0.2));
      optimizer.step();
      assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-12);
    }
  }

  @Test
  void withoutAGradientTheStepSizeStays() {
    DiagonalQuadratic function = new DiagonalQuadratic(H, new double[4], new double[4]);
    OracleOptimizer optimizer = optimizer(new Oasis(), function);
    for (int k = 0; k < 4; k++) {
      optimizer.step();
      assertEquals(1e-3, Oasis.stepSize(optimizer.state()));
      assertEquals(0, GradientTurn.norm(function.w));
    }
  }

  /** The gradient never changes: only the first argument is finite, and not before k = 2. */
  @Test
  void growthIsBounded() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[1], new double[] {1}, new double[1]);
    OracleOptimizer optimizer = optimizer(Oasis.builder().maxGrowth(100.0).build(), function);
    optimizer.step();
    optimizer.step();
    assertEquals(1e-3, Oasis.stepSize(optimizer.state()));
    optimizer.step();
    assertEquals(1e-3 * Math.sqrt(2), Oasis.stepSize(optimizer.state()), 1e-15);
    for (int k = 0; k < 20; k++) {
      optimizer.step();
    }
    assertEquals(0.1, Oasis.stepSize(optimizer.state()), 1e-15);
  }

  @Test
  void failedEstimatesKeepTheLast() {
    DiagonalQuadratic function = quadratic();
    function.broken = true;
    INDArray expected = function.w.sub(function.gradient().muli(1e-3));
    OracleOptimizer optimizer = optimizer(new Oasis(), function);
    optimizer.step();
    assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-14);
    assertEquals(1, function.products);
    function.broken = false;
    optimizer.step();
    assertEquals(11, function.products, "the warm start comes with the first success");
    function.broken = true;
    optimizer.step();
    assertArrayEquals(H, optimizer.state().vector(0).toDoubleVector(), 1e-12);
    assertEquals(0.5, Oasis.stepSize(optimizer.state()), 1e-10);
  }

  @Test
  void reachesTheMinimum() {
    DiagonalQuadratic function = quadratic();
    OracleOptimizer optimizer = optimizer(new Oasis(), function);
    for (int k = 0; k < 60; k++) {
      optimizer.step();
    }
    assertTrue(GradientTurn.norm(function.gradient()) < 1e-9, "" + function.gradient());
  }

  private static void rejects(String field, Executable build) {
    String message = assertThrows(IllegalArgumentException.class, build).getMessage();
    assertTrue(message.contains(field), message);
  }

  @Test
  void badConfigurationsAreRejected() {
    rejects("beta2", () -> Oasis.builder().beta2(1.0).build());
    rejects("alpha", () -> Oasis.builder().alpha(0.0).build());
    rejects("initialStep", () -> Oasis.builder().initialStep(0.0).build());
    rejects("maxGrowth", () -> Oasis.builder().maxGrowth(0.5).build());
    rejects("warmStartProbes", () -> Oasis.builder().warmStartProbes(0).build());
    rejects("hessianUpdateFrequency", () -> Oasis.builder().hessianUpdateFrequency(0).build());
    rejects("momentum", () -> Oasis.builder().momentum(1.0).build());
    rejects("weightDecay", () -> Oasis.builder().weightDecay(-1.0).build());
  }
}
