package org.dl4jplus.privacy.factorization;

import java.util.Arrays;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A lower triangular C with a positive diagonal, full or with bands, and {@code B = A C^-1}.
 *
 * <pre>{@code
 * identity:     C = I                                  independent noise, sens^2 = participations
 * squareRoot:   C_ij = c_(i-j), c_0 = 1, c_t = c_(t-1) (2t-1)/(2t)     for prefix sums C = A^(1/2)
 *               bands: c_t = 0 from t = bands on
 * noise:        y_t = (z_t - SUM_{l=1..bands-1} C_(t,t-l) y_(t-l)) / C_tt
 * }</pre>
 *
 * <p>The stream of noise holds bands - 1 gradients.
 *
 * <p>H. Fichtenberger, M. Henzinger, J. Upadhyay: "Constant matters", arXiv:2202.11205 (2022). C.
 * A. Choquette-Choo et al.: "(Amplified) Banded Matrix Factorization", arXiv:2306.08153 (2023).
 */
public final class TriangularFactorization implements Factorization {

  /** lags[i][l] = C_(i,i-l); one array serves all rows of a Toeplitz matrix. */
  private final double[][] lags;

  private final int bands;

  private TriangularFactorization(double[][] lags, int bands) {
    this.lags = lags;
    this.bands = bands;
  }

  /**
   * Any lower triangular matrix.
   *
   * @param c square, 0 above the diagonal, above 0 on it; not kept
   * @return its factorisation
   * @throws IllegalArgumentException for any other matrix
   */
  public static TriangularFactorization of(double[][] c) {
    int n = Require.atLeast("steps", c.length, 1, 1);
    int bands = 1;
    double[][] lags = new double[n][];
    for (int i = 0; i < n; i++) {
      if (c[i].length != n) {
        throw new IllegalArgumentException(
            "c must be square, got " + n + " rows and " + c[i].length + " columns");
      }
      lags[i] = new double[i + 1];
      for (int j = 0; j < n; j++) {
        double value = Require.finite("c", c[i][j], 0);
        if (j > i && value != 0 || j == i && !(value > 0)) {
          throw new IllegalArgumentException(
              "c must be lower triangular with a positive diagonal, got c["
                  + i
                  + "]["
                  + j
                  + "] = "
                  + value);
        }
        if (value != 0) {
          bands = Math.max(bands, i - j + 1);
        }
        if (j <= i) {
          lags[i][i - j] = value;
        }
      }
    }
    return new TriangularFactorization(lags, bands);
  }

  /**
   * The C with {@code C^T C = X}.
   *
   * @param x symmetric and positive definite; its lower triangle is read
   * @return the factorisation
   * @throws IllegalArgumentException if the matrix is not positive definite
   */
  static TriangularFactorization ofGram(double[][] x) {
    int n = x.length;
    // With J the reversal and J X J = L L^T, C = J L^T J.
    double[][] reversed = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        reversed[i][j] = x[n - 1 - j][n - 1 - i];
      }
    }
    if (!new Cholesky(reversed).positive()) {
      throw new IllegalArgumentException("x must be positive definite");
    }
    double[][] c = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        c[i][j] = reversed[n - 1 - j][n - 1 - i];
      }
    }
    return of(c);
  }

  /**
   * Independent noise.
   *
   * @param steps at least 1
   * @return C = I
   * @throws IllegalArgumentException if there are no steps
   */
  public static TriangularFactorization identity(int steps) {
    return squareRoot(steps, 1);
  }

  /**
   * The square root of the prefix sums.
   *
   * @param steps at least 1
   * @param bands how many coefficients are kept, at least 1
   * @return a Toeplitz matrix
   * @throws IllegalArgumentException for values out of range
   */
  public static TriangularFactorization squareRoot(int steps, int bands) {
    Require.atLeast("steps", steps, 1, 1);
    int kept = Math.min(Require.atLeast("bands", bands, 1, 1), steps);
    double[] c = new double[kept];
    c[0] = 1;
    for (int t = 1; t < kept; t++) {
      c[t] = c[t - 1] * (2 * t - 1) / (2 * t);
    }
    double[][] lags = new double[steps][];
    Arrays.fill(lags, c);
    return new TriangularFactorization(lags, kept);
  }

  /**
   * An entry of C.
   *
   * @param i row
   * @param j column
   * @return the entry
   */
  public double entry(int i, int j) {
    return j > i || i - j >= bands ? 0 : lags[i][i - j];
  }

  @Override
  public int steps() {
    return lags.length;
  }

  @Override
  public int bands() {
    return bands;
  }

  @Override
  public double gram(int i, int j) {
    double sum = 0;
    int end = Math.min(lags.length, Math.min(i, j) + bands);
    for (int t = Math.max(i, j); t < end; t++) {
      sum += lags[t][t - i] * lags[t][t - j];
    }
    return sum;
  }

  @Override
  public double squaredError(Workload workload) {
    double sum = 0;
    for (int t = 0; t < workload.stepsOf(this); t++) {
      // b C = a from the last entry on.
      double[] b = workload.row(t);
      for (int j = t; j >= 0; j--) {
        b[j] /= lags[j][0];
        for (int l = 1; l < bands && l <= j; l++) {
          b[j - l] -= b[j] * lags[j][l];
        }
        sum += b[j] * b[j];
      }
    }
    return sum;
  }

  @Override
  public CorrelatedNoise noise(IndexedNoise source, int dimension) {
    return new Stream(source, dimension);
  }

  private final class Stream extends CorrelatedNoise {

    private final IndexedNoise source;

    /** Those of the last steps: step t's lies at t modulo their number. */
    private final double[][] last;

    Stream(IndexedNoise source, int dimension) {
      super(lags.length, dimension);
      this.source = source;
      last = new double[bands - 1][];
    }

    @Override
    void draw(int t, double[] out) {
      source.gaussian(t, out);
      for (int l = 1; l < bands && l <= t; l++) {
        double factor = lags[t][l];
        double[] earlier = last[(t - l) % last.length];
        for (int c = 0; c < out.length; c++) {
          out[c] -= factor * earlier[c];
        }
      }
      for (int c = 0; c < out.length; c++) {
        out[c] /= lags[t][0];
      }
      if (last.length > 0) {
        last[t % last.length] = out.clone();
      }
    }
  }
}
