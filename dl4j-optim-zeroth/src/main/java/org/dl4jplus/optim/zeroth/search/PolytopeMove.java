package org.dl4jplus.optim.zeroth.search;

/**
 * The moves that follow from costs at the vertices of rotated polytopes: towards the vertices,
 * weighted by a softmax of the costs.
 *
 * <pre>{@code
 * W(i, v) = softmax over v of -C(i, v) / (divisor epsilon)
 * move(i) = R_i (sum over v of W(i, v) vertex v)
 * }</pre>
 */
public final class PolytopeMove {

  private static final double NO_FINITE_COST = 1e6;

  private PolytopeMove() {}

  /**
   * Takes costs that are not finite for worse than all others: 2 max|C| + 1 over the finite ones,
   * 1e6 where there are none.
   *
   * @param costs one row for each particle, changed in place
   * @return how many were finite
   */
  public static long replaceNonFinite(double[][] costs) {
    double largest = 0;
    long finite = 0;
    for (double[] row : costs) {
      for (double cost : row) {
        if (Double.isFinite(cost)) {
          largest = Math.max(largest, Math.abs(cost));
          finite++;
        }
      }
    }
    double worst = finite == 0 ? NO_FINITE_COST : Math.min(2 * largest + 1, Double.MAX_VALUE);
    for (double[] row : costs) {
      for (int v = 0; v < row.length; v++) {
        row[v] = Double.isFinite(row[v]) ? row[v] : worst;
      }
    }
    return finite;
  }

  /**
   * The weighted mean of the vertices, before the rotation.
   *
   * @param costs of one particle, finite
   * @param vertices one in each row
   * @param temperature divisor times epsilon, above 0
   * @return the mean
   */
  public static double[] centroid(double[] costs, double[][] vertices, double temperature) {
    double least = Double.POSITIVE_INFINITY;
    for (double cost : costs) {
      least = Math.min(least, cost);
    }
    double[] mean = new double[vertices[0].length];
    double total = 0;
    for (int v = 0; v < costs.length; v++) {
      double weight = Math.exp((least - costs[v]) / temperature);
      total += weight;
      for (int j = 0; j < mean.length; j++) {
        mean[j] += weight * vertices[v][j];
      }
    }
    for (int j = 0; j < mean.length; j++) {
      mean[j] /= total;
    }
    return mean;
  }

  /**
   * R v.
   *
   * @param rotation R, by rows
   * @param vector v
   * @return the turned vector
   */
  public static double[] rotate(double[][] rotation, double[] vector) {
    double[] turned = new double[vector.length];
    for (int i = 0; i < turned.length; i++) {
      double sum = 0;
      for (int j = 0; j < vector.length; j++) {
        sum += rotation[i][j] * vector[j];
      }
      turned[i] = sum;
    }
    return turned;
  }
}
