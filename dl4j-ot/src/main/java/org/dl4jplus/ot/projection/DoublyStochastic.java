package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Scales the rows and the columns of a matrix until they sum to 1: the doubly stochastic matrix
 * that is closest in the sense of relative entropy, where {@link Birkhoff}'s is in that of squares.
 *
 * <pre>{@code
 * X = max(X, 1e-12);  repeat  X_ij <- X_ij / (sum of column j);  X_ij <- X_ij / (sum of row i)
 * until the sums of columns are 1 to 1e-9, at most 10000 times
 * }</pre>
 *
 * <p>Signs are lost: what is not positive counts as 1e-12. The rows of the result sum to 1 to
 * rounding.
 *
 * <p>R. Sinkhorn, P. Knopp, "Concerning nonnegative matrices and doubly stochastic matrices", 1967.
 */
public record DoublyStochastic() implements MatrixProjection {

  private static final int MAX_SWEEPS = 10_000;
  private static final double SMALLEST = 1e-12;
  private static final double TOLERANCE = 1e-9;

  @Override
  public void project(double[] x, int rows, int columns) {
    int n = Arguments.square("doubly stochastic matrices", rows, columns);
    for (int k = 0; k < x.length; k++) {
      x[k] = Math.max(x[k], SMALLEST);
    }
    double error = Double.POSITIVE_INFINITY;
    for (int sweep = 0; sweep < MAX_SWEEPS && error > TOLERANCE; sweep++) {
      error = columns(x, n);
      for (int i = 0; i < n; i++) {
        double sum = Arrays.stream(x, i * n, (i + 1) * n).sum();
        for (int k = i * n; k < (i + 1) * n; k++) {
          x[k] /= sum;
        }
      }
    }
  }

  /** Scales the columns; returns how far the worst was from 1. */
  private static double columns(double[] x, int n) {
    double[] sums = new double[n];
    for (int k = 0; k < x.length; k++) {
      sums[k % n] += x[k];
    }
    double error = 0;
    for (double sum : sums) {
      error = Math.max(error, Math.abs(sum - 1));
    }
    for (int k = 0; k < x.length; k++) {
      x[k] /= sums[k % n];
    }
    return error;
  }
}
