package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

/**
 * Zero-concentrated differential privacy: the divergence of order a is at most rho a. Releases add
 * their rho up.
 *
 * <pre>{@code
 * epsilon = min over a > 1 of  rho a + log(1 - 1/a) - log(delta a)/(a-1)
 * rough:    rho + 2 sqrt(rho log(1/delta))
 * }</pre>
 *
 * <p>M. Bun, T. Steinke: "Concentrated Differential Privacy: Simplifications, Extensions, and Lower
 * Bounds", arXiv 1605.02065 (2016).
 */
public final class Zcdp {

  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  /** Of log(a - 1), for orders up to 1e4. */
  private static final double LEAST = Math.log(1e-9);

  private static final double LARGEST = Math.log(1e4 - 1);

  private Zcdp() {}

  /**
   * The rho of one Gaussian release: 1/(2 sigma^2).
   *
   * @param noiseMultiplier standard deviation over sensitivity, above 0
   * @return rho
   * @throws IllegalArgumentException outside the range
   */
  public static double rho(double noiseMultiplier) {
    double sigma = positive("noiseMultiplier", noiseMultiplier, 0);
    return 1 / (2 * sigma * sigma);
  }

  /**
   * The epsilon of a rho, from the best order up to 1e4.
   *
   * @param rho at least 0
   * @param delta in [0, 1)
   * @return at least 0; infinite for a delta of 0
   * @throws IllegalArgumentException outside the ranges
   */
  public static double epsilon(double rho, double delta) {
    RdpAccountant.checkDelta(delta);
    if (nonNegative("rho", rho, 0) == 0) {
      return 0;
    } else if (delta == 0) {
      return Double.POSITIVE_INFINITY;
    }
    double low = LEAST;
    double high = LARGEST;
    while (high - low > 1e-9) {
      double step = GOLDEN * (high - low);
      if (at(rho, delta, high - step) < at(rho, delta, low + step)) {
        high = low + step;
      } else {
        low = high - step;
      }
    }
    return Math.max(0, at(rho, delta, (low + high) / 2));
  }

  private static double at(double rho, double delta, double logExcess) {
    double excess = Math.exp(logExcess);
    double order = 1 + excess;
    return rho * order + logExcess - Math.log(order) - Math.log(delta * order) / excess;
  }

  /**
   * A larger epsilon in closed form.
   *
   * @param rho at least 0
   * @param delta in (0, 1)
   * @return at least 0
   * @throws IllegalArgumentException outside the ranges
   */
  public static double roughEpsilon(double rho, double delta) {
    RdpAccountant.checkDelta(delta);
    double log = -Math.log(positive("delta", delta, 0));
    return nonNegative("rho", rho, 0) + 2 * Math.sqrt(rho * log);
  }

  /**
   * The largest rho that keeps a target.
   *
   * @param epsilon finite, at least 0
   * @param delta in [0, 1)
   * @return at least 0; 0 for a delta of 0
   * @throws IllegalArgumentException outside the ranges
   */
  public static double rhoFor(double epsilon, double delta) {
    nonNegative("epsilon", epsilon, 0);
    RdpAccountant.checkDelta(delta);
    double low = 0;
    // The rate of growth in rho is an order, and those are above 1.
    double high = epsilon + 1;
    while (epsilon(high, delta) <= epsilon) {
      low = high;
      high *= 2;
    }
    while (true) {
      double middle = (low + high) / 2;
      if (middle <= low || middle >= high) {
        return low;
      }
      if (epsilon(middle, delta) <= epsilon) {
        low = middle;
      } else {
        high = middle;
      }
    }
  }
}
