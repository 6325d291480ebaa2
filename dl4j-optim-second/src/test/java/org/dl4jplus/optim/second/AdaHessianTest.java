package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.dl4jplus.optim.second.AdaHessian.SpatialAverage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class AdaHessianTest {

  private static final double RATE = 0.15;

  private static DiagonalQuadratic quadratic() {
    return new DiagonalQuadratic(
        new double[] {4, 0.5, -2, 1e-3},
        new double[] {0.3, -1, 0.1, 2},
        new double[] {1, -1, 0.5, 3});
  }

  private static OracleOptimizer optimizer(AdaHessian method, DiagonalQuadratic function) {
    return new OracleOptimizer(method, new Sgd(RATE), function);
  }

  @Test
  void firstStepIsTheGradientOverTheDiagonal() {
    DiagonalQuadratic function = quadratic();
    INDArray magnitudes = Nd4j.createFromArray(4, 0.5, 2, 1e-3).addi(1e-4);
    INDArray expected = function.w.sub(function.gradient().div(magnitudes).muli(RATE));
    optimizer(new AdaHessian(), function).step();
    assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-9);
  }

  @Test
  void powerZeroIsMomentum() {
    DiagonalQuadratic function = quadratic();
    OracleOptimizer optimizer =
        optimizer(AdaHessian.builder().hessianPower(0.0).epsilon(0.01).build(), function);
    INDArray w = function.w.dup();
    INDArray m = w.ulike().assign(0);
    DiagonalQuadratic copy = quadratic();
    for (int t = 1; t <= 10; t++) {
      copy.w.assign(w);
      m.muli(0.9).addi(copy.gradient().muli(0.1));
      w.subi(m.mul(RATE / (1 - Math.pow(0.9, t)) / 1.01));
      optimizer.step();
      assertArrayEquals(w.toDoubleVector(), function.w.toDoubleVector(), 1e-12);
    }
  }

  @Test
  void powerOneHalfIsTheRootOfTheDiagonal() {
    DiagonalQuadratic function = quadratic();
    INDArray roots = Nd4j.createFromArray(2, Math.sqrt(0.5), Math.sqrt(2), Math.sqrt(1e-3));
    INDArray expected = function.w.sub(function.gradient().div(roots.addi(1e-4)).muli(RATE));
    optimizer(AdaHessian.builder().hessianPower(0.5).build(), function).step();
    assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-12);
  }

  @Test
  void productsAreTakenAsOftenAsConfigured() {
    DiagonalQuadratic function = quadratic();
    OracleOptimizer optimizer =
        optimizer(AdaHessian.builder().hessianUpdateFrequency(5).probes(3).build(), function);
    for (int t = 0; t < 11; t++) {
      optimizer.step();
    }
    // In steps 0, 5 and 10.
    assertEquals(9, function.products);
    assertEquals(11, function.gradients);
  }

  /** On a quadratic the diagonal stays, so how often it is estimated makes no difference. */
  @Test
  void frequencyDoesNotMatterForAConstantHessian() {
    DiagonalQuadratic often = quadratic();
    DiagonalQuadratic seldom = quadratic();
    OracleOptimizer first = optimizer(new AdaHessian(), often);
    OracleOptimizer second =
        optimizer(AdaHessian.builder().hessianUpdateFrequency(4).build(), seldom);
    for (int t = 0; t < 9; t++) {
      first.step();
      second.step();
    }
    assertArrayEquals(often.w.toDoubleVector(), seldom.w.toDoubleVector(), 1e-12);
  }

  /** Directions of the first step with h = 1..12 and a gradient of ones: 1/(average + epsilon). */
  private static double[] averages(SpatialAverage average, int block, long... dimensions) {
    double[] h = new double[12];
    double[] b = new double[12];
    for (int i = 0; i < 12; i++) {
      h[i] = i + 1;
      b[i] = 1;
    }
    DiagonalQuadratic function = new DiagonalQuadratic(h, b, new double[12]);
    Kind kind = dimensions.length > 1 ? Kind.WEIGHT : Kind.VECTOR;
    function.variables = List.of(new VariableShape("weights", dimensions, kind));
    optimizer(
            AdaHessian.builder().spatialAverage(average).blockSize(block).epsilon(0.0).build(),
            function)
        .step();
    return function.w.rdiv(-RATE).toDoubleVector();
  }

  private static double[] runs(double... means) {
    double[] all = new double[12];
    for (int i = 0; i < 12; i++) {
      all[i] = means[i * means.length / 12];
    }
    return all;
  }

  @Test
  void averagesAreOverWhatTheyName() {
    double[] single = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    assertArrayEquals(single, averages(SpatialAverage.OFFICIAL, 1, 12), 1e-12);
    assertArrayEquals(single, averages(SpatialAverage.OFFICIAL, 1, 3, 4), 1e-12);
    assertArrayEquals(single, averages(SpatialAverage.ROW, 1, 12), 1e-12);
    assertArrayEquals(runs(2.5, 6.5, 10.5), averages(SpatialAverage.ROW, 1, 3, 4), 1e-12);
    double[] pairs = runs(1.5, 3.5, 5.5, 7.5, 9.5, 11.5);
    assertArrayEquals(pairs, averages(SpatialAverage.OFFICIAL, 1, 2, 3, 1, 2), 1e-12);
    assertArrayEquals(pairs, averages(SpatialAverage.ROW, 1, 2, 3, 1, 2), 1e-12);
    assertArrayEquals(runs(3.5, 9.5), averages(SpatialAverage.BLOCK, 6, 3, 4), 1e-12);
    assertArrayEquals(single, averages(SpatialAverage.BLOCK, 1, 12), 1e-12);
    String message =
        assertThrows(IllegalArgumentException.class, () -> averages(SpatialAverage.BLOCK, 5, 3, 4))
            .getMessage();
    assertTrue(message.contains("blockSize") && message.contains("weights"), message);
  }

  @Test
  void withoutCurvatureStepsAreFinite() {
    double[] zero = new double[2];
    DiagonalQuadratic flat = new DiagonalQuadratic(zero, new double[] {1, -2}, zero.clone());
    optimizer(new AdaHessian(), flat).step();
    assertArrayEquals(new double[] {-RATE / 1e-4, 2 * RATE / 1e-4}, flat.w.toDoubleVector(), 1e-6);
    DiagonalQuadratic bounded = new DiagonalQuadratic(zero, new double[] {1, -2}, zero.clone());
    optimizer(AdaHessian.builder().maxUpdate(0.5).epsilon(0.0).build(), bounded).step();
    assertTrue(bounded.w.amaxNumber().doubleValue() <= RATE / 2 + 1e-15, "" + bounded.w);
    DiagonalQuadratic still = new DiagonalQuadratic(zero, zero, new double[] {1, 2});
    optimizer(AdaHessian.builder().epsilon(0.0).build(), still).step();
    assertArrayEquals(new double[] {1, 2}, still.w.toDoubleVector());
  }

  @Test
  void failedEstimatesKeepTheLast() {
    DiagonalQuadratic function = quadratic();
    DiagonalQuadratic failing = quadratic();
    OracleOptimizer first = optimizer(new AdaHessian(), function);
    OracleOptimizer second = optimizer(new AdaHessian(), failing);
    for (int t = 0; t < 6; t++) {
      failing.broken = t > 1;
      first.step();
      second.step();
    }
    assertArrayEquals(function.w.toDoubleVector(), failing.w.toDoubleVector(), 1e-12);
  }

  @Test
  void withoutAnEstimateTheStepIsMomentum() {
    DiagonalQuadratic function = quadratic();
    function.broken = true;
    INDArray expected = function.w.sub(function.gradient().muli(RATE / 1.0001));
    OracleOptimizer optimizer = optimizer(new AdaHessian(), function);
    optimizer.step();
    assertArrayEquals(expected.toDoubleVector(), function.w.toDoubleVector(), 1e-12);
    function.broken = false;
    optimizer.step();
    optimizer.step();
    assertEquals(3, function.products);
    assertTrue(function.w.amaxNumber().doubleValue() < 1e3);
  }

  @Test
  void weightDecayIsTimesTheRate() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[1], new double[1], new double[] {2});
    optimizer(AdaHessian.builder().weightDecay(0.1).build(), function).step();
    assertEquals(2 - RATE * 0.1 * 2, function.w.getDouble(0), 1e-14);
  }

  private static void rejects(String field, Executable build) {
    String message = assertThrows(IllegalArgumentException.class, build).getMessage();
    assertTrue(message.contains(field), message);
  }

  @Test
  void badConfigurationsAreRejected() {
    rejects("beta1", () -> AdaHessian.builder().beta1(1.0).build());
    rejects("beta2", () -> AdaHessian.builder().beta2(-0.1).build());
    rejects("epsilon", () -> AdaHessian.builder().epsilon(-1.0).build());
    rejects("weightDecay", () -> AdaHessian.builder().weightDecay(Double.NaN).build());
    rejects("hessianPower", () -> AdaHessian.builder().hessianPower(1.1).build());
    rejects("hessianUpdateFrequency", () -> AdaHessian.builder().hessianUpdateFrequency(0).build());
    rejects("probes", () -> AdaHessian.builder().probes(0).build());
    rejects("blockSize", () -> AdaHessian.builder().blockSize(0).build());
    rejects("maxUpdate", () -> AdaHessian.builder().maxUpdate(-1.0).build());
  }
}
