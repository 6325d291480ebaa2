package org.dl4jplus.privacy.noise;

import java.math.BigInteger;

/**
 * Coins with probability exp(-x) for a fraction x, from uniform whole numbers alone: no rounding
 * anywhere (Clement L. Canonne, Gautam Kamath, Thomas Steinke, "The Discrete Gaussian for
 * Differential Privacy", arXiv 2004.00010, 2020, algorithm 1).
 */
final class ExactBernoulli {

  private static final BigInteger LONG = BigInteger.ONE.shiftLeft(Long.SIZE);

  private ExactBernoulli() {}

  /** True with probability exp(-numerator / denominator), of 0 <= numerator, 0 < denominator. */
  static boolean exp(long numerator, long denominator, NoiseSource source) {
    for (long i = numerator / denominator; i > 0; i--) {
      if (!expFraction(1, 1, source)) {
        return false;
      }
    }
    return expFraction(numerator % denominator, denominator, source);
  }

  /** The same of numbers of any size. */
  static boolean exp(BigInteger numerator, BigInteger denominator, NoiseSource source) {
    if (numerator.bitLength() < Long.SIZE && denominator.bitLength() < Long.SIZE) {
      return exp(numerator.longValueExact(), denominator.longValueExact(), source);
    }
    BigInteger[] whole = numerator.divideAndRemainder(denominator);
    for (BigInteger i = whole[0]; i.signum() > 0; i = i.subtract(BigInteger.ONE)) {
      if (!expFraction(1, 1, source)) {
        return false;
      }
    }
    return expFraction(whole[1], denominator, source);
  }

  /**
   * For x in [0, 1]: coins with probabilities x, x/2, x/3, ... until the first tail, at k. P[k > j]
   * = x^j / j!, so that k is odd with probability 1 - x + x^2/2 - ... = exp(-x).
   */
  private static boolean expFraction(long numerator, long denominator, NoiseSource source) {
    int k = 1;
    while (coin(numerator, denominator, source) && (k == 1 || source.uniform(k) == 0)) {
      k++;
    }
    return k % 2 == 1;
  }

  private static boolean expFraction(
      BigInteger numerator, BigInteger denominator, NoiseSource source) {
    int k = 1;
    while (coin(numerator, denominator, source) && (k == 1 || source.uniform(k) == 0)) {
      k++;
    }
    return k % 2 == 1;
  }

  /** True with probability numerator / denominator, which is in [0, 1]. */
  private static boolean coin(long numerator, long denominator, NoiseSource source) {
    return numerator == denominator || source.uniform(denominator) < numerator;
  }

  /**
   * Compares a uniform number of [0, 1) with the fraction, 64 bits at a time and no more than it
   * takes to tell.
   */
  private static boolean coin(BigInteger numerator, BigInteger denominator, NoiseSource source) {
    BigInteger rest = numerator;
    while (true) {
      BigInteger[] digit = rest.multiply(LONG).divideAndRemainder(denominator);
      // The next 64 bits of the fraction; 2^64 itself only for the fraction 1.
      if (digit[0].bitLength() > Long.SIZE) {
        return true;
      }
      int order = Long.compareUnsigned(source.bits(), digit[0].longValue());
      if (order != 0) {
        return order < 0;
      }
      rest = digit[1];
    }
  }
}
