package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import org.dl4jplus.optim.first.noise.NormalTail;

/**
 * What one Gaussian release of sensitivity 1 comes to, exactly.
 *
 * <pre>{@code
 * delta = Phi(1/(2 sigma) - epsilon sigma) - e^epsilon Phi(-1/(2 sigma) - epsilon sigma)
 * }</pre>
 *
 * <p>T releases are one with sigma/sqrt(T).
 *
 * <p>B. Balle, Y.-X. Wang: "Improving the Gaussian Mechanism for Differential Privacy: Analytical
 * Calibration and Optimal Denoising", arXiv 1805.06530 (2018).
 */
public final class GaussianMechanism {

  private GaussianMechanism() {}

  /**
   * The delta of an epsilon.
   *
   * @param sigma standard deviation over sensitivity, at least 0
   * @param epsilon at least 0
   * @return in [0, 1]; 1 for a sigma of 0
   * @throws IllegalArgumentException outside the ranges
   */
  public static double delta(double sigma, double epsilon) {
    RdpAccountant.checkEpsilon(epsilon);
    return nonNegative("sigma", sigma, 0) == 0 ? 1 : Math.exp(logDelta(sigma, epsilon));
  }

  private static double logDelta(double sigma, double epsilon) {
    double upper = 1 / (2 * sigma) - epsilon * sigma;
    double lower = -1 / (2 * sigma) - epsilon * sigma;
    if (upper <= 0) {
      // e^epsilon makes both densities equal.
      return NormalTail.logDensity(upper) + Math.log(NormalTail.millsFall(-upper, 1 / sigma));
    }
    // The two terms are nearly equal where sigma is large: the common part is taken off first.
    double taken =
        epsilon < 1
            ? Math.expm1(epsilon) * NormalTail.cdf(lower)
            : NormalTail.scaledCdf(lower, epsilon) - NormalTail.cdf(lower);
    return Math.log(NormalTail.between(lower, upper) - taken);
  }

  /**
   * The epsilon of a delta.
   *
   * @param sigma standard deviation over sensitivity, at least 0
   * @param delta in [0, 1)
   * @return at least 0; infinite for a delta of 0 or a sigma of 0
   * @throws IllegalArgumentException outside the ranges
   */
  public static double epsilon(double sigma, double delta) {
    RdpAccountant.checkDelta(delta);
    if (nonNegative("sigma", sigma, 0) == 0 || delta == 0) {
      return Double.POSITIVE_INFINITY;
    }
    double target = Math.log(delta);
    if (logDelta(sigma, 0) <= target) {
      return 0;
    }
    double high = 1;
    while (logDelta(sigma, high) > target) {
      high *= 2;
      if (high == Double.POSITIVE_INFINITY) {
        return high;
      }
    }
    double low = high == 1 ? 0 : high / 2;
    while (true) {
      double middle = (low + high) / 2;
      if (middle <= low || middle >= high) {
        return high;
      }
      if (logDelta(sigma, middle) > target) {
        low = middle;
      } else {
        high = middle;
      }
    }
  }

  /**
   * The smallest sigma that keeps a target.
   *
   * @param epsilon at least 0
   * @param delta in (0, 1)
   * @return standard deviation over sensitivity
   * @throws IllegalArgumentException outside the ranges
   */
  public static double sigma(double epsilon, double delta) {
    RdpAccountant.checkEpsilon(epsilon);
    RdpAccountant.checkDelta(delta);
    double target = Math.log(positive("delta", delta, 0));
    double high = 1;
    while (logDelta(high, epsilon) > target) {
      high *= 2;
    }
    double low = high / 2;
    while (logDelta(low, epsilon) <= target && low > Double.MIN_NORMAL) {
      high = low;
      low /= 2;
    }
    while (true) {
      double middle = (low + high) / 2;
      if (middle <= low || middle >= high) {
        return high;
      }
      if (logDelta(middle, epsilon) > target) {
        low = middle;
      } else {
        high = middle;
      }
    }
  }
}
