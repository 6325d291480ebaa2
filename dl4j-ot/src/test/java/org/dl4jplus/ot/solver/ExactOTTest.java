package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExactOTTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theDualVariablesProveTheOptimum(long seed) {
    TransportProblem problem = Numeric.problem(seed, 30, 23);
    TransportResult result = new ExactOT().solve(problem);
    assertEquals(0, result.rowError(), 1e-13);
    assertEquals(0, result.columnError(), 1e-13);
    double[] costs = problem.geometry().costs();
    int entries = 0;
    for (int k = 0; k < costs.length; k++) {
      double reduced = costs[k] - result.f()[k / 23] - result.g()[k % 23];
      assertTrue(reduced >= -1e-12);
      if (result.plan()[k] > 0) {
        assertEquals(0, reduced, 1e-12);
        entries++;
      }
    }
    assertTrue(entries <= 30 + 23 - 1);
    double dual = Marginals.dot(problem.a(), result.f()) + Marginals.dot(problem.b(), result.g());
    assertEquals(dual, result.linearCost(), 1e-12);
  }

  @Test
  void assignmentsAreTheBestOfAll() {
    double[][] cost = Numeric.matrix(new Random(6), 5, 5);
    int[] columns = Assignment.solve(cost);
    assertEquals(best(cost, 0, new boolean[5]), Assignment.cost(cost, columns), 1e-14);
    double[][] wide = Numeric.matrix(new Random(7), 3, 6);
    assertEquals(
        best(wide, 0, new boolean[6]), Assignment.cost(wide, Assignment.solve(wide)), 1e-14);
  }

  private static double best(double[][] cost, int row, boolean[] taken) {
    if (row == cost.length) {
      return 0;
    }
    double best = Double.POSITIVE_INFINITY;
    for (int j = 0; j < taken.length; j++) {
      if (!taken[j]) {
        taken[j] = true;
        best = Math.min(best, cost[row][j] + best(cost, row + 1, taken));
        taken[j] = false;
      }
    }
    return best;
  }

  @Test
  void zeroWeightsNegativeCostsAndTiesAreFine() {
    TransportResult result =
        new ExactOT()
            .solve(
                new double[][] {{-1, -1}, {5, 5}, {-1, -1}},
                new double[] {0.5, 0, 0.5},
                new double[] {1, 0});
    assertArrayEquals(new double[] {0.5, 0, 0, 0, 0.5, 0}, result.plan(), 1e-15);
    assertEquals(-1, result.linearCost(), 1e-15);
  }

  @Test
  void sumsWithinTheToleranceAreShippedAsFarAsTheyGo() {
    TransportResult result =
        new ExactOT().solve(new double[][] {{1, 2}, {2, 1}}, new double[] {0.5, 0.5 + 4e-7}, null);
    assertEquals(1, result.linearCost(), 1e-6);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new ExactOT().solve(new double[][] {{1}}, new double[] {2}, null));
    assertThrows(IllegalArgumentException.class, () -> Assignment.solve(new double[2][1]));
  }
}
