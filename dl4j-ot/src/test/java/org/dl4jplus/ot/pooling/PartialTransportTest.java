package org.dl4jplus.ot.pooling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartialTransportTest {

  private static final double[][] COST = matrix(1, 0, 1);

  private static double[][] matrix(long seed, double from, double to) {
    Random random = new Random(seed);
    double[][] rows = new double[3][];
    Arrays.setAll(rows, k -> random.doubles(5, from, to).toArray());
    return rows;
  }

  private static double sum(double[] values) {
    return Arrays.stream(values).sum();
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 0.3, 0.999, 1})
  void massIsSharedAsAsked(double ratio) {
    for (double gamma : new double[] {0.1, 5, 20, 1e4}) {
      PartialTransport transport = new PartialTransport(COST, ratio, gamma);
      double[] r = transport.residual();
      double[][] plan = transport.plan();
      assertEquals(1 - ratio, sum(r), 1e-11);
      assertEquals(ratio, Arrays.stream(plan).mapToDouble(PartialTransportTest::sum).sum(), 1e-11);
      assertEquals(1, sum(transport.received()), 1e-8);
      double[] weights = transport.weights();
      assertEquals(1, sum(weights) / 5, 1e-8);
      for (int i = 0; i < 5; i++) {
        assertEquals(0.2, plan[0][i] + plan[1][i] + plan[2][i] + r[i], 1e-14);
        assertEquals((1 - 5 * r[i]) / ratio, weights[i], 1e-11);
        assertTrue(weights[i] >= 0);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0.3, true", "0.9, true", "0.3, false"})
  void gradientsAreThoseOfDifferences(double ratio, boolean ofThePlan) {
    double[] ofResidual = new Random(2).doubles(5, -1, 1).toArray();
    double[][] ofPlan = ofThePlan ? matrix(3, -1, 1) : null;
    double[][] gradient = new PartialTransport(COST, ratio, 5).backward(ofResidual, ofPlan);
    for (int k = 0; k < 3; k++) {
      for (int i = 0; i < 5; i++) {
        double up = loss(k, i, 1e-5, ratio, ofResidual, ofPlan);
        double down = loss(k, i, -1e-5, ratio, ofResidual, ofPlan);
        assertEquals((up - down) / 2e-5, gradient[k][i], 1e-7);
      }
    }
  }

  private static double loss(
      int k, int i, double shift, double ratio, double[] ofResidual, double[][] ofPlan) {
    double[][] cost = Arrays.stream(COST).map(double[]::clone).toArray(double[][]::new);
    cost[k][i] += shift;
    PartialTransport transport = new PartialTransport(cost, ratio, 5);
    double loss = 0;
    for (int at = 0; at < 5; at++) {
      loss += ofResidual[at] * transport.residual()[at];
      for (int row = 0; ofPlan != null && row < 3; row++) {
        loss += ofPlan[row][at] * transport.plan()[row][at];
      }
    }
    return loss;
  }

  @Test
  void badInputIsRefused() {
    assertNamed("transportRatio", () -> new PartialTransport(COST, 0, 5));
    assertNamed("transportRatio", () -> new PartialTransport(COST, 1.1, 5));
    assertNamed("entropyWeight", () -> new PartialTransport(COST, 0.3, 0));
    assertNamed("cost", () -> new PartialTransport(new double[0][], 0.3, 5));
    assertNamed("cost", () -> new PartialTransport(new double[][] {{}}, 0.3, 5));
    assertNamed("cost", () -> new PartialTransport(new double[][] {{1, 2}, {1}}, 0.3, 5));
    assertNamed("cost", () -> new PartialTransport(new double[][] {{1, Double.NaN}}, 0.3, 5));
    assertTrue(new PartialTransport(new double[][] {{3}}, 0.3, 5).plan()[0][0] > 0);
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
