package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Euclidean projection onto the doubly stochastic matrices, by Dykstra's algorithm: alternately
 * onto the matrices without negative entries, with a correction, and onto those whose rows and
 * columns sum to 1, which being affine needs none.
 *
 * <pre>{@code
 * D = 0;  repeat  Y = max(X + D, 0);  D = X + D - Y;
 *                 X = Y - r_i / n - c_j / n + s / n^2
 * r = row sums of Y - 1,  c = column sums of Y - 1,  s = sum of r
 * until X changes by less than 1e-9, at most 1000 times
 * }</pre>
 *
 * <p>What is left below zero, of the size of that last change, is set to 0.
 *
 * <p>J. P. Boyle, R. L. Dykstra, "A Method for Finding Projections onto the Intersection of Convex
 * Sets in Hilbert Spaces", 1986.
 */
public record Birkhoff() implements MatrixProjection {

  private static final int MAX_SWEEPS = 1000;
  private static final double TOLERANCE = 1e-9;

  @Override
  public void project(double[] x, int rows, int columns) {
    int n = Arguments.square("doubly stochastic matrices", rows, columns);
    double[] correction = new double[x.length];
    double[] y = new double[x.length];
    double[] rowSums = new double[n];
    double[] columnSums = new double[n];
    double change = Double.POSITIVE_INFINITY;
    for (int sweep = 0; sweep < MAX_SWEEPS && change >= TOLERANCE; sweep++) {
      for (int k = 0; k < x.length; k++) {
        double moved = x[k] + correction[k];
        y[k] = Math.max(moved, 0);
        correction[k] = moved - y[k];
      }
      residuals(y, rowSums, columnSums);
      double total = 0;
      for (double r : rowSums) {
        total += r;
      }
      change = 0;
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          int k = i * n + j;
          double next = y[k] - (rowSums[i] + columnSums[j] - total / n) / n;
          change = Math.max(change, Math.abs(next - x[k]));
          x[k] = next;
        }
      }
    }
    for (int k = 0; k < x.length; k++) {
      x[k] = Math.max(x[k], 0);
    }
  }

  private static void residuals(double[] y, double[] rowSums, double[] columnSums) {
    int n = rowSums.length;
    Arrays.fill(rowSums, -1);
    Arrays.fill(columnSums, -1);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        rowSums[i] += y[i * n + j];
        columnSums[j] += y[i * n + j];
      }
    }
  }
}
