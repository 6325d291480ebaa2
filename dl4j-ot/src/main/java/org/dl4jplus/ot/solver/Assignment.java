package org.dl4jplus.ot.solver;

import java.util.Arrays;

/**
 * The cheapest assignment of each row to a column of its own.
 *
 * <pre>{@code
 * min_s sum_i C_(i, s(i))
 * }</pre>
 *
 * <p>R. Jonker, A. Volgenant: "A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
 * Assignment Problems" (1987).
 */
public final class Assignment {

  private Assignment() {}

  /**
   * Solves an assignment problem.
   *
   * @param cost finite costs [n][m], n at most m
   * @return the column of each row
   * @throws IllegalArgumentException for bad costs or more rows than columns
   */
  public static int[] solve(double[][] cost) {
    Geometry geometry = Geometry.ofCost(cost);
    int n = geometry.rows();
    int m = geometry.columns();
    if (n > m) {
      throw new IllegalArgumentException(
          "cost must have at most as many rows as columns, got " + n + " and " + m);
    }
    double[] supply = new double[n];
    double[] demand = new double[m];
    Arrays.fill(supply, 1);
    Arrays.fill(demand, 1);
    // Whole units stay whole: the flow is a permutation, exactly.
    double[] flow = ExactOT.flow(geometry, supply, demand);
    int[] columns = new int[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        if (flow[i * m + j] > 0) {
          columns[i] = j;
        }
      }
    }
    return columns;
  }

  /**
   * The cost of an assignment.
   *
   * @param cost costs [n][m]
   * @param columns the column of each row
   * @return the sum of the n costs
   */
  public static double cost(double[][] cost, int[] columns) {
    double sum = 0;
    for (int i = 0; i < columns.length; i++) {
      sum += cost[i][columns[i]];
    }
    return sum;
  }
}
