package org.dl4jplus.privacy.accounting;

/** The logarithm of a sum of numbers that are given by their logarithms. */
final class LogSum {

  private double largest = Double.NEGATIVE_INFINITY;
  private double scaled;

  void add(double logarithm) {
    if (logarithm <= largest) {
      // Minus infinity twice is not a number.
      scaled += logarithm == largest ? 1 : Math.exp(logarithm - largest);
    } else {
      scaled = scaled * Math.exp(largest - logarithm) + 1;
      largest = logarithm;
    }
  }

  double value() {
    return largest == Double.NEGATIVE_INFINITY ? largest : largest + Math.log(scaled);
  }

  /** log(exp(x) - 1) for x above 0. */
  static double logExpm1(double x) {
    return x > 30 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x));
  }

  /** log(1 + exp(x)). */
  static double log1pExp(double x) {
    return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
  }
}
