package org.dl4jplus.bilevel.search.gp;

import java.util.Arrays;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A Gaussian process of mean 0, conditioned on noisy values:
 *
 * <pre>{@code
 * C       = K + noise * diag(factors) + jitter I = L L^T
 * w(x)    = L^-1 k(X, x)                      "whitened"
 * mean    = w(x)^T L^-1 y,   covariance(a, b) = k(a, b) - w(a)^T w(b)     (of f, without noise)
 * log p(y)= -y^T C^-1 y/2 - sum log L_ii - n/2 log(2 pi)
 * d log p = tr((C^-1 y y^T C^-1 - C^-1) dC)/2
 * }</pre>
 *
 * The jitter is 1e-10 and grows tenfold, up to 1e-4, while C is not positive definite. Not changed
 * after it was made.
 *
 * <p>C. E. Rasmussen, C. K. I. Williams: "Gaussian Processes for Machine Learning" (2006).
 */
public final class GaussianProcess {

  private static final double LEAST_JITTER = 1e-10;
  private static final double MOST_JITTER = 1.5e-4;
  private static final double LOG_2PI = Math.log(2 * Math.PI);

  private final Kernel kernel;
  private final double noise;
  private final double[][] x;
  private final double[] y;
  private final double[] factors;
  private final double[][] factor;
  private final double jitter;
  private final double[] whitenedY;

  /**
   * What is known of the value at a point.
   *
   * @param mean its expectation
   * @param variance its variance, without noise, at least 0
   * @param whitened w of the point
   */
  public record Prediction(double mean, double variance, double[] whitened) {

    /**
     * The standard deviation.
     *
     * @return at least 0
     */
    public double deviation() {
      return Math.sqrt(variance);
    }
  }

  private GaussianProcess(
      Kernel kernel,
      double noise,
      double[][] x,
      double[] y,
      double[] factors,
      double[][] factor,
      double jitter) {
    this.kernel = kernel;
    this.noise = noise;
    this.x = x;
    this.y = y;
    this.factors = factors;
    this.factor = factor;
    this.jitter = jitter;
    whitenedY = forward(y.clone());
  }

  /**
   * Conditions a process on values with the same noise.
   *
   * @param kernel its covariance
   * @param noise variance of the noise, above 0
   * @param x points, one in each row
   * @param y their values
   * @return the process
   * @throws IllegalArgumentException for values that are not finite, or not as many as points
   * @throws IllegalStateException if the covariance matrix is not positive definite
   */
  public static GaussianProcess of(Kernel kernel, double noise, double[][] x, double[] y) {
    double[] factors = new double[Require.given("y", y).length];
    Arrays.fill(factors, 1);
    return of(kernel, noise, x, y, factors);
  }

  /**
   * Conditions a process on values.
   *
   * @param kernel its covariance
   * @param noise variance of the noise, above 0
   * @param x points, one in each row
   * @param y their values
   * @param factors of each value's noise variance, above 0
   * @return the process
   * @throws IllegalArgumentException for values that are not finite, or not as many as points
   * @throws IllegalStateException if the covariance matrix is not positive definite
   */
  public static GaussianProcess of(
      Kernel kernel, double noise, double[][] x, double[] y, double[] factors) {
    Require.given("kernel", kernel);
    Require.given("x", x);
    Require.given("y", y);
    Require.given("factors", factors);
    Require.positive("noise", noise, 1);
    if (x.length != y.length || y.length != factors.length) {
      throw new IllegalArgumentException(
          "x has " + x.length + " rows, y " + y.length + ", factors " + factors.length);
    }
    for (int i = 0; i < y.length; i++) {
      Require.finite("y[" + i + "]", y[i], 0);
    }
    double[][] covariance = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      covariance[i] = new double[i + 1];
      for (int j = 0; j <= i; j++) {
        covariance[i][j] = kernel.value(x[i], x[j]);
      }
      covariance[i][i] += noise * factors[i];
    }
    for (double jitter = 0; jitter < MOST_JITTER; jitter = Math.max(10 * jitter, LEAST_JITTER)) {
      double[][] factor = new double[x.length][];
      for (int i = 0; i < x.length; i++) {
        factor[i] = covariance[i].clone();
        factor[i][i] += jitter;
      }
      if (new Cholesky(factor).positive()) {
        return new GaussianProcess(kernel, noise, x, y, factors, factor, jitter);
      }
    }
    throw new IllegalStateException(
        "The covariance of " + x.length + " points is not positive definite at jitter 1e-4");
  }

  /**
   * The process with one more value, as if it had been given at the start.
   *
   * @param point where
   * @param value what
   * @return a new process
   */
  public GaussianProcess with(double[] point, double value) {
    int n = y.length;
    double[] row = Arrays.copyOf(whiten(point), n + 1);
    double left = kernel.value(point, point) + noise + jitter;
    for (int i = 0; i < n; i++) {
      left -= row[i] * row[i];
    }
    // Never less than what the noise leaves: rounding may.
    row[n] = Math.sqrt(Math.max(left, noise));
    double[][] longer = Arrays.copyOf(factor, n + 1);
    longer[n] = row;
    double[][] points = Arrays.copyOf(x, n + 1);
    points[n] = point.clone();
    double[] values = Arrays.copyOf(y, n + 1);
    values[n] = value;
    double[] weights = Arrays.copyOf(factors, n + 1);
    weights[n] = 1;
    return new GaussianProcess(kernel, noise, points, values, weights, longer, jitter);
  }

  /** L^-1 b, in place. */
  private double[] forward(double[] b) {
    for (int i = 0; i < factor.length; i++) {
      double[] row = factor[i];
      double sum = b[i];
      for (int k = 0; k < i; k++) {
        sum -= row[k] * b[k];
      }
      b[i] = sum / row[i];
    }
    return b;
  }

  private double[] whiten(double[] point) {
    double[] k = new double[x.length];
    for (int i = 0; i < k.length; i++) {
      k[i] = kernel.value(x[i], point);
    }
    return forward(k);
  }

  /**
   * Predicts the value at a point.
   *
   * @param point inputs
   * @return its mean and variance
   */
  public Prediction predict(double[] point) {
    double[] w = whiten(point);
    double mean = 0;
    double variance = kernel.value(point, point);
    for (int i = 0; i < w.length; i++) {
      mean += w[i] * whitenedY[i];
      variance -= w[i] * w[i];
    }
    return new Prediction(mean, Math.max(variance, 0), w);
  }

  /**
   * The covariance of the values at two points.
   *
   * @param a a point
   * @param whitenedA {@code w} of its prediction
   * @param b another
   * @param whitenedB {@code w} of its prediction
   * @return the covariance, without noise
   */
  public double covariance(double[] a, double[] whitenedA, double[] b, double[] whitenedB) {
    double covariance = kernel.value(a, b);
    for (int i = 0; i < whitenedA.length; i++) {
      covariance -= whitenedA[i] * whitenedB[i];
    }
    return covariance;
  }

  /**
   * The covariance of the values at several points.
   *
   * @param points one in each row
   * @return the full symmetric matrix, without noise
   */
  public double[][] covariance(double[][] points) {
    double[][] whitened = Arrays.stream(points).map(this::whiten).toArray(double[][]::new);
    double[][] covariance = new double[points.length][points.length];
    for (int i = 0; i < points.length; i++) {
      for (int j = 0; j <= i; j++) {
        covariance[i][j] = covariance(points[i], whitened[i], points[j], whitened[j]);
        covariance[j][i] = covariance[i][j];
      }
    }
    return covariance;
  }

  /**
   * {@code C^-1 b}.
   *
   * @param b one number for each value
   * @return a new array
   */
  public double[] solve(double[] b) {
    return backward(forward(b.clone()));
  }

  /** L^-T b, in place. */
  private double[] backward(double[] b) {
    for (int i = b.length - 1; i >= 0; i--) {
      // By rows of the factor: its columns lie scattered.
      double[] row = factor[i];
      b[i] /= row[i];
      for (int k = 0; k < i; k++) {
        b[k] -= row[k] * b[i];
      }
    }
    return b;
  }

  /**
   * How likely the values were before they were known.
   *
   * @return the logarithm of their density
   */
  public double logMarginalLikelihood() {
    double log = -0.5 * y.length * LOG_2PI;
    for (int i = 0; i < y.length; i++) {
      log -= 0.5 * whitenedY[i] * whitenedY[i] + Math.log(factor[i][i]);
    }
    return log;
  }

  /**
   * How much the values tell of the function: {@code log det(I + K/noise)/2}.
   *
   * @return at least 0
   */
  public double informationGain() {
    double gain = 0;
    for (int i = 0; i < y.length; i++) {
      gain += Math.log(factor[i][i]) - 0.5 * Math.log(noise * factors[i]);
    }
    return Math.max(gain, 0);
  }

  /**
   * How the log marginal likelihood changes with the logarithms of the hyperparameters.
   *
   * @return the kernel's, then the noise
   */
  public double[] gradient() {
    int n = y.length;
    int parameters = kernel.priors().size();
    double[] alpha = backward(whitenedY.clone());
    double[][] inverse = inverse();
    double[] gradient = new double[parameters + 1];
    double[] derivatives = new double[parameters];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double weight = alpha[i] * alpha[j] - inverse[i][j];
        if (i == j) {
          weight *= 0.5;
          gradient[parameters] += weight * noise * factors[i];
        }
        kernel.gradient(x[i], x[j], derivatives, 0);
        for (int p = 0; p < parameters; p++) {
          gradient[p] += weight * derivatives[p];
        }
      }
    }
    return gradient;
  }

  /** The lower triangle of C^-1. */
  private double[][] inverse() {
    int n = y.length;
    // Row k holds the column k of L^-1 from the diagonal on, so that products run along rows.
    double[][] columns = new double[n][n];
    for (int k = 0; k < n; k++) {
      double[] column = columns[k];
      column[k] = 1 / factor[k][k];
      for (int i = k + 1; i < n; i++) {
        double[] row = factor[i];
        double sum = 0;
        for (int j = k; j < i; j++) {
          sum -= row[j] * column[j];
        }
        column[i] = sum / row[i];
      }
    }
    double[][] inverse = new double[n][];
    for (int i = 0; i < n; i++) {
      inverse[i] = new double[i + 1];
      for (int j = 0; j <= i; j++) {
        double sum = 0;
        for (int k = i; k < n; k++) {
          sum += columns[i][k] * columns[j][k];
        }
        inverse[i][j] = sum;
      }
    }
    return inverse;
  }

  /**
   * The process on the same values with the hyperparameters that are likeliest after them, by
   * {@link MapFit}.
   *
   * @param starts how many starting points, at least 1: the present hyperparameters, then Sobol
   *     points of the priors
   * @param seed of the starting points
   * @return a new process
   */
  public GaussianProcess fit(int starts, long seed) {
    return fit(starts, seed, Kernel.Prior.NOISE);
  }

  /**
   * The process on the same values with the hyperparameters that are likeliest after them.
   *
   * @param starts how many starting points, at least 1: the present hyperparameters, then Sobol
   *     points of the priors
   * @param seed of the starting points
   * @param noise the prior of the noise; one with equal bounds keeps it there
   * @return a new process
   */
  public GaussianProcess fit(int starts, long seed, Kernel.Prior noise) {
    return MapFit.fit(this, starts, seed, noise);
  }

  /**
   * The process on the same values with other hyperparameters.
   *
   * @param parameters logarithms of the kernel's hyperparameters and of the noise
   * @return a new process
   */
  public GaussianProcess with(double[] parameters) {
    int noiseAt = parameters.length - 1;
    return of(
        kernel.with(Arrays.copyOf(parameters, noiseAt)),
        Math.exp(parameters[noiseAt]),
        x,
        y,
        factors);
  }

  /**
   * The hyperparameters.
   *
   * @return logarithms of the kernel's, then of the noise
   */
  public double[] parameters() {
    return SumKernel.join(kernel.parameters(), new double[] {Math.log(noise)});
  }

  /**
   * The covariance before the values were known.
   *
   * @return the kernel
   */
  public Kernel kernel() {
    return kernel;
  }

  /**
   * The variance of the noise.
   *
   * @return above 0
   */
  public double noise() {
    return noise;
  }

  /**
   * How much noisier than others each value is.
   *
   * @return a new array
   */
  public double[] factors() {
    return factors.clone();
  }

  /**
   * The number of values.
   *
   * @return at least 0
   */
  public int size() {
    return y.length;
  }

  /**
   * A point with a known value.
   *
   * @param i its number
   * @return its inputs; not to be changed
   */
  public double[] point(int i) {
    return x[i];
  }

  /**
   * A known value.
   *
   * @param i its number
   * @return the value
   */
  public double value(int i) {
    return y[i];
  }
}
