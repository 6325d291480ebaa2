package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Scales the rows and the columns of a matrix in turn until all sum to 1. It is the projection in
 * the Kullback-Leibler divergence, not the Euclidean one ({@link Birkhoff} is that). Entries below
 * 1e-12 count as 1e-12. Ends when the row sums are within 1e-10 of 1, after 10000 sweeps at most:
 * where few entries are positive the scaling converges slowly.
 *
 * <p>R. Sinkhorn, "A Relationship Between Arbitrary Positive Matrices and Doubly Stochastic
 * Matrices", 1964.
 */
public record DoublyStochastic() implements MatrixProjection {

  private static final int MAX_SWEEPS = 10000;
  private static final double TOLERANCE = 1e-10;
  private static final double FLOOR = 1e-12;

  @Override
  public void project(double[] x, int rows, int columns) {
    int n = Arguments.square("doubly stochastic matrices", rows, columns);
    for (int k = 0; k < x.length; k++) {
      x[k] = Math.max(x[k], FLOOR);
    }
    double[] sums = new double[n];
    double error = Double.POSITIVE_INFINITY;
    for (int sweep = 0; sweep < MAX_SWEEPS && error > TOLERANCE; sweep++) {
      error = 0;
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          sum += x[i * n + j];
        }
        error = Math.max(error, Math.abs(sum - 1));
        for (int j = 0; j < n; j++) {
          x[i * n + j] /= sum;
        }
      }
      Arrays.fill(sums, 0);
      for (int k = 0; k < x.length; k++) {
        sums[k % n] += x[k];
      }
      for (int k = 0; k < x.length; k++) {
        x[k] /= sums[k % n];
      }
    }
  }
}
