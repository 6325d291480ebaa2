package org.dl4jplus.privacy.factorization;

import org.dl4jplus.optim.first.updater.Require;

/**
 * Prefix sums in a circulant matrix of twice their size, whose factors are the Fourier transform's.
 *
 * <pre>{@code
 * lambda = DFT of [1]*n + [0]*n,  N = 2n
 * C = sqrt(lambda) F (first n columns),   B = F* sqrt(lambda) (first n rows),   X_ij = r_(i-j)
 * r = Re IDFT |lambda|
 * noise of the prefix sums = Re sqrt(N) IDFT( sqrt(lambda) (z1 + i z2) )
 * noise of a step = that of its sum minus that of the last one
 * }</pre>
 *
 * <p>C is complex and not triangular, but with R = B B* = L L^T the noise has the law of that of
 * the triangular {@code L^-1 A}, and {@code A^T R^-1 A <= C* C}, as {@code L^-1 B} has orthonormal
 * rows: the sensitivity of C is an upper bound for gradients that depend on earlier releases.
 *
 * <p>The imaginary part of the noise is an independent copy of the real one, since |lambda| is
 * symmetric: it is the next coordinate's. A pair of coordinates is drawn for all steps at once, in
 * O(n log n). The stream keeps as many steps of all coordinates as fit into its window and draws
 * everything again for the next window.
 *
 * <p>C. A. Choquette-Choo et al.: "Multi-Epoch Matrix Factorization Mechanisms for Private Machine
 * Learning", arXiv:2211.06530 (2023).
 */
public final class FourierFactorization implements Factorization {

  /** Numbers that a window holds: half a gibibyte. */
  private static final int WINDOW = 1 << 26;

  private final int steps;
  private final Dft dft;
  private final double[] rootRe;
  private final double[] rootIm;
  private final double[] autocorrelation;

  /**
   * The factorisation of a run.
   *
   * @param steps from 1 to 2^20
   * @throws IllegalArgumentException out of that range
   */
  public FourierFactorization(int steps) {
    this.steps =
        (int) Require.check(steps >= 1 && steps <= 1 << 20, "steps", steps, "in [1, 2^20]");
    int n = 2 * steps;
    dft = new Dft(n);
    rootRe = new double[n];
    rootIm = new double[n];
    double[] modulus = new double[n];
    for (int m = 0; m < n; m++) {
      // lambda_m = SUM_(j<n) exp(-2 pi i j m / 2n): 1 - i cot(pi m / 2n) for odd m, else 0.
      double re = m == 0 ? steps : m % 2;
      double im = m % 2 == 0 ? 0 : -1 / Math.tan(Math.PI * m / n);
      modulus[m] = Math.hypot(re, im);
      // The real part is at least 0, so is the root's.
      rootRe[m] = Math.sqrt((modulus[m] + re) / 2);
      rootIm[m] = rootRe[m] == 0 ? 0 : im / (2 * rootRe[m]);
    }
    dft.transform(modulus, new double[n]);
    autocorrelation = new double[steps];
    for (int lag = 0; lag < steps; lag++) {
      autocorrelation[lag] = modulus[lag] / n;
    }
  }

  @Override
  public int steps() {
    return steps;
  }

  @Override
  public int bands() {
    return steps;
  }

  @Override
  public double gram(int i, int j) {
    return autocorrelation[Math.abs(i - j)];
  }

  @Override
  public double squaredError(Workload workload) {
    double sum = 0;
    for (int t = 0; t < workload.stepsOf(this); t++) {
      // A sum of gradients with weights a is one of prefix sums with weights a_j - a_(j+1).
      double[] weights = workload.row(t);
      for (int j = 0; j < t; j++) {
        weights[j] -= weights[j + 1];
      }
      for (int i = 0; i <= t; i++) {
        if (weights[i] != 0) {
          for (int j = 0; j <= t; j++) {
            sum += weights[i] * weights[j] * gram(i, j);
          }
        }
      }
    }
    return sum;
  }

  /**
   * The noise of the prefix sums of two coordinates.
   *
   * @param z1 2 * steps standard normal numbers; takes the first coordinate's noise in its first
   *     half
   * @param z2 as many; takes the second one's
   * @throws IllegalArgumentException for another number of them
   */
  public void prefixNoise(double[] z1, double[] z2) {
    int n = 2 * steps;
    Require.check(z1.length == n, "z1.length", z1.length, "" + n);
    Require.check(z2.length == n, "z2.length", z2.length, "" + n);
    double scale = 1 / Math.sqrt(n);
    for (int m = 0; m < n; m++) {
      double re = (rootRe[m] * z1[m] - rootIm[m] * z2[m]) * scale;
      z2[m] = (rootRe[m] * z2[m] + rootIm[m] * z1[m]) * scale;
      z1[m] = re;
    }
    dft.transform(z1, z2);
  }

  @Override
  public CorrelatedNoise noise(IndexedNoise source, int dimension) {
    return noise(source, dimension, WINDOW);
  }

  /** With a window of so many numbers, and of one step at least. */
  CorrelatedNoise noise(IndexedNoise source, int dimension, int window) {
    return new Stream(source, dimension, Math.max(1, Math.min(steps, window / dimension)));
  }

  private final class Stream extends CorrelatedNoise {

    private final IndexedNoise source;
    private final double[][] window;
    private int from;
    private int to;

    Stream(IndexedNoise source, int dimension, int length) {
      super(steps, dimension);
      this.source = source;
      window = new double[length][dimension];
    }

    @Override
    void draw(int t, double[] out) {
      if (t >= to) {
        fill(t);
      }
      System.arraycopy(window[t - from], 0, out, 0, out.length);
    }

    @Override
    void pass(int from, int to) {
      // Whatever the window holds is found by the step; the rest is drawn when it is needed.
    }

    private void fill(int first) {
      from = first;
      to = Math.min(steps, first + window.length);
      int n = 2 * steps;
      double[] both = new double[2 * n];
      double[] z1 = new double[n];
      double[] z2 = new double[n];
      for (int c = 0; c < dimension(); c += 2) {
        source.gaussian(c / 2, both);
        System.arraycopy(both, 0, z1, 0, n);
        System.arraycopy(both, n, z2, 0, n);
        prefixNoise(z1, z2);
        for (int t = from; t < to; t++) {
          window[t - from][c] = z1[t] - (t == 0 ? 0 : z1[t - 1]);
          if (c + 1 < dimension()) {
            window[t - from][c + 1] = z2[t] - (t == 0 ? 0 : z2[t - 1]);
          }
        }
      }
    }
  }
}
