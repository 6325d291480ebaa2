package org.dl4jplus.optim.first.linalg;

/** Cholesky factorization of small symmetric positive definite matrices. */
public final class Cholesky {

  private final double[][] factor;

  /**
   * Factorizes a matrix.
   *
   * @param a the lower triangle; overwritten and kept
   */
  public Cholesky(double[][] a) {
    factor = a;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = a[i][j];
        for (int k = 0; k < j; k++) {
          sum -= a[i][k] * a[j][k];
        }
        a[i][j] = i == j ? Math.sqrt(sum) : sum / a[j][j];
      }
    }
  }

  /**
   * Whether the matrix was positive definite, as far as rounding lets see.
   *
   * @return false where {@link #solve(double[])} will give numbers that are not finite
   */
  public boolean positive() {
    for (int i = 0; i < factor.length; i++) {
      if (!(factor[i][i] > 0 && factor[i][i] < Double.POSITIVE_INFINITY)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Solves A x = b.
   *
   * @param b right side in, x out
   */
  public void solve(double[] b) {
    int n = b.length;
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        b[i] -= factor[i][k] * b[k];
      }
      b[i] /= factor[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      // By rows of the factor: its columns lie scattered.
      b[i] /= factor[i][i];
      for (int k = 0; k < i; k++) {
        b[k] -= factor[i][k] * b[i];
      }
    }
  }

  /**
   * The inverse of the factor L of {@code A = L L^T}.
   *
   * @return a lower triangular matrix
   */
  public double[][] inverseFactor() {
    int n = factor.length;
    double[][] inverse = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        for (int j = 0; j <= k; j++) {
          inverse[i][j] -= factor[i][k] * inverse[k][j];
        }
      }
      for (int j = 0; j < i; j++) {
        inverse[i][j] /= factor[i][i];
      }
      inverse[i][i] = 1 / factor[i][i];
    }
    return inverse;
  }

  /**
   * Solves A x = b.
   *
   * @param a the lower triangle of A; overwritten
   * @param b right side in, x out
   */
  public static void solve(double[][] a, double[] b) {
    new Cholesky(a).solve(b);
  }
}
