package org.dl4jplus.ot.solver;

/**
 * The convex conjugate, in one of its histograms, of the entropic transport cost to a fixed one.
 *
 * <pre>{@code
 * H(p) = min <P,C> + epsilon sum P log P  over P1 = p, P'1 = y
 * H*(g) = max_p g'p - H(p) = epsilon (sum_j y_j log sum_i exp((g_i - C_ij)/epsilon) - sum_j y_j log y_j)
 * grad_i H* = sum_j y_j exp((g_i - C_ij)/epsilon)/sum_k exp((g_k - C_kj)/epsilon)
 * }</pre>
 *
 * <p>The gradient is the p of the maximum, a histogram with the mass of y. The primal cost there is
 * g'p - H*(g). Everything is in the log domain; bins of y that are 0 contribute nothing.
 *
 * <p>M. Cuturi, G. Peyre: "A Smoothed Dual Approach for Variational Wasserstein Problems", arXiv
 * 1503.02533 (2015).
 */
public final class EntropicConjugate {

  private final Geometry geometry;
  private final double[] y;
  private final double epsilon;

  /**
   * The conjugate's value and gradient.
   *
   * @param value H*(g)
   * @param gradient its gradient, n values; the record's own, not copied
   */
  public record Conjugate(double value, double[] gradient) {}

  /**
   * The conjugate for a histogram.
   *
   * @param geometry costs between the n bins of p and the m bins of y
   * @param y the fixed histogram, m values of at least 0
   * @param epsilon weight of the entropy, above 0
   * @throws IllegalArgumentException for bad values
   */
  public EntropicConjugate(Geometry geometry, double[] y, double epsilon) {
    this.geometry = geometry;
    this.y = Arguments.weights("y", Arguments.sized("y", y, geometry.columns()), y.length);
    this.epsilon = Arguments.positive("epsilon", epsilon, epsilon);
  }

  /**
   * Evaluates the conjugate.
   *
   * @param g n finite values
   * @return value and gradient
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  public Conjugate at(double[] g) {
    int n = geometry.rows();
    int m = geometry.columns();
    Arguments.finite("g", g, n);
    double[] costs = geometry.costs();
    double[] gradient = new double[n];
    double[] exponents = new double[n];
    double value = 0;
    for (int j = 0; j < m; j++) {
      if (y[j] == 0) {
        continue;
      }
      double top = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        exponents[i] = (g[i] - costs[i * m + j]) / epsilon;
        top = Math.max(top, exponents[i]);
      }
      double sum = 0;
      for (int i = 0; i < n; i++) {
        exponents[i] = Math.exp(exponents[i] - top);
        sum += exponents[i];
      }
      for (int i = 0; i < n; i++) {
        gradient[i] += y[j] * exponents[i] / sum;
      }
      value += epsilon * y[j] * (top + Math.log(sum) - Math.log(y[j]));
    }
    return new Conjugate(value, gradient);
  }
}
