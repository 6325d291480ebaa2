package org.dl4jplus.privacy.noise;

import java.math.BigInteger;
import org.dl4jplus.optim.first.updater.Require;

/**
 * Normal noise for whole numbers, drawn exactly: no rounding of a double shows what it was added
 * to.
 *
 * <pre>{@code
 * P[x] = exp(-x^2 / (2 v)) / SUM_y exp(-y^2 / (2 v)),   x = ..., -1, 0, 1, ...
 * }</pre>
 *
 * Added to whole numbers whose L2 sensitivity is s, it is s^2 / (2 v)-zCDP, as the continuous
 * distribution of variance v is; its own variance is at most v. Draws a discrete Laplace number and
 * accepts it with a probability that makes it Gaussian (Clement L. Canonne, Gautam Kamath, Thomas
 * Steinke, "The Discrete Gaussian for Differential Privacy", arXiv 2004.00010, 2020, algorithms 1
 * to 3). How long a draw takes depends on what is drawn.
 */
public final class DiscreteGaussianSampler {

  private static final long LARGEST = 1L << 52;

  private final long numerator;
  private final long denominator;
  private final long scale;
  private final BigInteger unit;
  private final BigInteger divisor;
  private final long small;
  private final NoiseSource source;

  /**
   * Of a whole variance or one that is a fraction.
   *
   * @param numerator of v, in [1, 2^52]
   * @param denominator of v, in [1, 2^52]
   * @param source of randomness
   * @throws IllegalArgumentException outside the ranges
   */
  public DiscreteGaussianSampler(long numerator, long denominator, NoiseSource source) {
    Require.check(numerator > 0 && numerator <= LARGEST, "numerator", numerator, "in [1, 2^52]");
    Require.check(
        denominator > 0 && denominator <= LARGEST, "denominator", denominator, "in [1, 2^52]");
    this.numerator = numerator;
    this.denominator = denominator;
    this.source = source;
    // floor(sqrt(v)) + 1; any scale gives the right distribution, this one accepts most.
    scale = (long) Math.sqrt((double) numerator / denominator) + 1;
    unit = BigInteger.valueOf(denominator).multiply(BigInteger.valueOf(scale));
    divisor = BigInteger.valueOf(2 * numerator).multiply(unit).multiply(BigInteger.valueOf(scale));
    boolean fits = divisor.bitLength() < Long.SIZE && numerator < 1L << 31;
    small = fits ? (1L << 31) / unit.longValueExact() : -1;
  }

  /**
   * Of the next variance that is a fraction with few digits: at most a thousandth above the one
   * asked for, so that its rho is never above that.
   *
   * @param variance v at least, in [2^-40, 2^52]
   * @param source of randomness
   * @return the sampler
   * @throws IllegalArgumentException outside the range
   */
  public static DiscreteGaussianSampler ofVariance(double variance, NoiseSource source) {
    Require.check(
        variance >= 0x1p-40 && variance <= LARGEST, "variance", variance, "in [2^-40, 2^52]");
    int shift = Math.max(0, 10 - Math.getExponent(variance));
    return new DiscreteGaussianSampler(
        (long) Math.ceil(Math.scalb(variance, shift)), 1L << shift, source);
  }

  /**
   * The variance v of the formula.
   *
   * @return numerator over denominator
   */
  public double variance() {
    return (double) numerator / denominator;
  }

  /**
   * The probability of a number.
   *
   * @param variance v, finite and above 0
   * @param x the number
   * @return P[x] of the formula
   * @throws IllegalArgumentException if the variance is not finite and above 0
   */
  public static double probability(double variance, long x) {
    Require.positive("variance", variance, 1);
    double total = 1;
    if (variance < 1) {
      for (int y = 1; y <= 40; y++) {
        total += 2 * Math.exp(-0.5 * y * y / variance);
      }
    } else {
      // Poisson's summation formula; the next term is exp(-8 pi^2 v).
      total =
          Math.sqrt(2 * Math.PI * variance) * (1 + 2 * Math.exp(-2 * Math.PI * Math.PI * variance));
    }
    return Math.exp(-0.5 * x / variance * x) / total;
  }

  /**
   * Draws a number.
   *
   * @return a whole number
   */
  public long sample() {
    while (true) {
      long candidate = discreteLaplace();
      if (accept(Math.abs(candidate))) {
        return candidate;
      }
    }
  }

  /** P[y] proportional to exp(-|y| / scale). */
  private long discreteLaplace() {
    while (true) {
      long low = source.uniform(scale);
      if (!ExactBernoulli.exp(low, scale, source)) {
        continue;
      }
      long magnitude = low;
      while (ExactBernoulli.exp(1, 1, source)) {
        magnitude += scale;
      }
      boolean negative = source.bits() < 0;
      // 0 has two signs, one of them is drawn again.
      if (!negative || magnitude != 0) {
        return negative ? -magnitude : magnitude;
      }
    }
  }

  /**
   * With probability exp(-(magnitude - v / scale)^2 / (2 v)), the exponent as one fraction; nearly
   * always longs hold it.
   */
  private boolean accept(long magnitude) {
    if (magnitude <= small) {
      long difference = magnitude * unit.longValue() - numerator;
      return ExactBernoulli.exp(difference * difference, divisor.longValue(), source);
    }
    BigInteger difference =
        BigInteger.valueOf(magnitude).multiply(unit).subtract(BigInteger.valueOf(numerator));
    return ExactBernoulli.exp(difference.multiply(difference), divisor, source);
  }
}
