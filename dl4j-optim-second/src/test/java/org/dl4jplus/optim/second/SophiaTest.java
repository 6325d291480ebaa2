package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Sophia.Estimator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class SophiaTest {

  private static final double RATE = 0.01;

  private static Sophia.SophiaBuilder plain(Estimator estimator) {
    return Sophia.builder().estimator(estimator).weightDecay(0.0);
  }

  private static OracleOptimizer optimizer(Sophia method, DiagonalQuadratic function) {
    return new OracleOptimizer(method, new Sgd(RATE), function);
  }

  @Test
  void noEntryExceedsTheRate() {
    Random random = new Random(2);
    for (Estimator estimator : Estimator.values()) {
      double[][] numbers = new double[3][50];
      for (double[] row : numbers) {
        for (int i = 0; i < row.length; i++) {
          row[i] = random.nextGaussian() * Math.pow(10, random.nextInt(7) - 3);
        }
      }
      DiagonalQuadratic function = new DiagonalQuadratic(numbers[0], numbers[1], numbers[2]);
      OracleOptimizer optimizer =
          optimizer(plain(estimator).hessianUpdateFrequency(3).build(), function);
      for (int t = 0; t < 20; t++) {
        INDArray before = function.w.dup();
        optimizer.step();
        double largest = before.sub(function.w).amaxNumber().doubleValue();
        // The difference of two numbers of up to some thousands is rounded.
        assertTrue(largest <= RATE + 1e-11, estimator + ", step " + t + ": " + largest);
      }
    }
  }

  @Test
  void unclippedStepIsTheGradientOverTheCurvature() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[] {3, 40}, new double[] {0.01, -0.2}, new double[] {0, 0});
    Sophia exact = plain(Estimator.HUTCHINSON).beta1(0.0).beta2(0.0).gamma(0.5).build();
    optimizer(exact, function).step();
    assertArrayEquals(
        new double[] {-RATE * 0.01 / 1.5, RATE * 0.2 / 20}, function.w.toDoubleVector(), 1e-15);
  }

  @Test
  void sampledCurvatureIsSquaredAndWeighted() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[] {3}, new double[] {0.01}, new double[] {0});
    function.labels = 7;
    Sophia exact =
        plain(Estimator.GNB).beta1(0.0).beta2(0.5).rho(2.0).hessianUpdateFrequency(1).build();
    OracleOptimizer optimizer = optimizer(exact, function);
    optimizer.step();
    // Nothing is known yet: the whole rate.
    assertEquals(-RATE, function.w.getDouble(0), 1e-15);
    assertEquals(function.w, function.sampledAt, "not sampled after the step");
    double expected = -RATE - RATE * (0.01 - 3 * RATE) / (2 * 7 * 0.5 * 9);
    optimizer.step();
    assertEquals(expected, function.w.getDouble(0), 1e-15);
  }

  @Test
  void batchTokensTakeTheLabelsPlace() {
    double[] found = new double[2];
    for (int i = 0; i < 2; i++) {
      DiagonalQuadratic function =
          new DiagonalQuadratic(new double[] {3}, new double[] {0.01}, new double[] {0});
      function.labels = i == 0 ? 5 : 1;
      Sophia.SophiaBuilder builder = plain(Estimator.GNB).rho(10.0).hessianUpdateFrequency(1);
      OracleOptimizer optimizer =
          optimizer((i == 0 ? builder : builder.batchTokens(5)).build(), function);
      optimizer.step();
      optimizer.step();
      found[i] = function.w.getDouble(0);
    }
    assertEquals(found[0], found[1]);
  }

  @Test
  void estimatesAreTakenAsOftenAsConfigured() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[] {1}, new double[] {1}, new double[] {1});
    OracleOptimizer sampled = optimizer(new Sophia(), function);
    OracleOptimizer products = optimizer(plain(Estimator.HUTCHINSON).build(), function);
    for (int t = 0; t < 20; t++) {
      assertEquals(t / 10, function.samples, "before step " + t);
      sampled.step();
    }
    assertEquals(2, function.samples);
    for (int t = 0; t < 21; t++) {
      products.step();
    }
    assertEquals(3, function.products);
    assertEquals(2, function.samples);
  }

  @Test
  void negativeCurvatureGivesTheWholeRate() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(
            new double[] {-5, -0.1}, new double[] {1e-3, -1e-4}, new double[] {0, 0});
    optimizer(plain(Estimator.HUTCHINSON).build(), function).step();
    assertArrayEquals(new double[] {-RATE, RATE}, function.w.toDoubleVector(), 1e-15);
  }

  @Test
  void zeroGradientsAreNoStep() {
    for (Estimator estimator : Estimator.values()) {
      for (double h : new double[] {0, 2}) {
        DiagonalQuadratic function =
            new DiagonalQuadratic(new double[] {h}, new double[1], new double[1]);
        OracleOptimizer optimizer =
            optimizer(plain(estimator).hessianUpdateFrequency(1).build(), function);
        for (int t = 0; t < 3; t++) {
          optimizer.step();
          assertEquals(0, function.w.getDouble(0));
        }
      }
    }
  }

  @Test
  void failedEstimatesKeepTheLast() {
    for (Estimator estimator : Estimator.values()) {
      DiagonalQuadratic function =
          new DiagonalQuadratic(new double[] {2, 3}, new double[] {1, 2}, new double[] {1, 1});
      OracleOptimizer optimizer =
          optimizer(plain(estimator).hessianUpdateFrequency(1).build(), function);
      optimizer.step();
      INDArray known = optimizer.state().vector(1).dup();
      function.broken = true;
      optimizer.step();
      assertEquals(known, optimizer.state().vector(1), estimator.toString());
      assertTrue(Double.isFinite(GradientTurn.norm(function.w)), estimator.toString());
    }
  }

  @Test
  void longGradientsAreClipped() {
    Sophia clipped =
        plain(Estimator.HUTCHINSON).beta1(0.0).beta2(0.0).gamma(100.0).clipNorm(1.0).build();
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[] {1, 1}, new double[] {3, -4}, new double[2]);
    optimizer(clipped, function).step();
    assertArrayEquals(
        new double[] {-RATE * 0.6 / 100, RATE * 0.8 / 100}, function.w.toDoubleVector(), 1e-15);
    DiagonalQuadratic small =
        new DiagonalQuadratic(new double[] {1, 1}, new double[] {0.3, -0.4}, new double[2]);
    optimizer(clipped, small).step();
    assertArrayEquals(
        new double[] {-RATE * 0.3 / 100, RATE * 0.4 / 100}, small.w.toDoubleVector(), 1e-15);
  }

  @Test
  void weightDecayIsTimesTheRate() {
    DiagonalQuadratic function =
        new DiagonalQuadratic(new double[1], new double[1], new double[] {2});
    optimizer(new Sophia(), function).step();
    assertEquals(2 - RATE * 0.1 * 2, function.w.getDouble(0), 1e-15);
  }

  @Test
  void estimatorsHaveTheirOwnMomentum() {
    assertEquals(0.965, new Sophia().getBeta1());
    assertEquals(0.96, Sophia.builder().estimator(Estimator.HUTCHINSON).build().getBeta1());
  }

  private static void rejects(String field, Executable build) {
    String message = assertThrows(IllegalArgumentException.class, build).getMessage();
    assertTrue(message.contains(field), message);
  }

  @Test
  void badConfigurationsAreRejected() {
    rejects("beta1", () -> Sophia.builder().beta1(1.0).build());
    rejects("beta2", () -> Sophia.builder().beta2(-0.1).build());
    rejects("rho", () -> Sophia.builder().rho(0.0).build());
    rejects("gamma", () -> Sophia.builder().gamma(0.0).build());
    rejects("epsilon", () -> Sophia.builder().epsilon(0.0).build());
    rejects("weightDecay", () -> Sophia.builder().weightDecay(-1.0).build());
    rejects("hessianUpdateFrequency", () -> Sophia.builder().hessianUpdateFrequency(0).build());
    rejects("batchTokens", () -> Sophia.builder().batchTokens(0).build());
    rejects("clipNorm", () -> Sophia.builder().clipNorm(-1.0).build());
  }
}
