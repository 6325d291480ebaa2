package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Euclidean projection onto the matrices whose largest singular value is at most a bound: larger
 * singular values become the bound.
 *
 * <p>Where the shorter side is longer than 512 the whole matrix is divided by {@code max(1, sigma /
 * maxNorm)} instead, with sigma from 5 power iterations, which is an estimate from below: the bound
 * then holds nearly, more closely with every application.
 *
 * <p>T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral Normalization for Generative
 * Adversarial Networks", arXiv:1802.05957, 2018, for the division.
 *
 * @param maxNorm the bound, finite and &gt; 0
 */
public record SpectralNormBall(double maxNorm) implements MatrixProjection {

  private static final int LARGEST_EXACT = 512;
  private static final int POWER_ITERATIONS = 5;

  /**
   * Makes the projection.
   *
   * @param maxNorm the bound, finite and &gt; 0
   * @throws IllegalArgumentException if the bound is not finite and &gt; 0
   */
  public SpectralNormBall {
    Arguments.positive("maxNorm", maxNorm);
  }

  @Override
  public void project(double[] x, int rows, int columns) {
    if (Math.min(rows, columns) <= LARGEST_EXACT) {
      Svd.map(x, rows, columns, s -> Math.min(s, maxNorm));
      return;
    }
    double excess = powerIteration(x, rows, columns) / maxNorm;
    if (excess > 1) {
      for (int k = 0; k < x.length; k++) {
        x[k] /= excess;
      }
    }
  }

  /** Starts from the longest row, which is not orthogonal to all of the matrix. */
  private static double powerIteration(double[] x, int rows, int columns) {
    double[] left = new double[rows];
    double[] right = new double[columns];
    int longest = 0;
    double most = -1;
    for (int i = 0; i < rows; i++) {
      double squares = 0;
      for (int j = 0; j < columns; j++) {
        squares += x[i * columns + j] * x[i * columns + j];
      }
      if (squares > most) {
        most = squares;
        longest = i;
      }
    }
    System.arraycopy(x, longest * columns, right, 0, columns);
    double sigma = 0;
    for (int t = 0; t < POWER_ITERATIONS; t++) {
      if (normalize(right) == 0) {
        return 0;
      }
      for (int i = 0; i < rows; i++) {
        double dot = 0;
        for (int j = 0; j < columns; j++) {
          dot += x[i * columns + j] * right[j];
        }
        left[i] = dot;
      }
      sigma = normalize(left);
      Arrays.fill(right, 0);
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          right[j] += x[i * columns + j] * left[i];
        }
      }
    }
    return sigma;
  }

  private static double normalize(double[] v) {
    double squares = 0;
    for (double a : v) {
      squares += a * a;
    }
    double norm = Math.sqrt(squares);
    if (norm > 0) {
      for (int i = 0; i < v.length; i++) {
        v[i] /= norm;
      }
    }
    return norm;
  }
}
