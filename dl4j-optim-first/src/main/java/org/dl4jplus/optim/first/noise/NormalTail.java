package org.dl4jplus.optim.first.noise;

/**
 * The normal distribution with accurate tails: relative errors of some 1e-15 wherever a double can
 * hold the result, and logarithms beyond.
 *
 * <p>The scaled complementary error function erfcx(x) = e^(x^2) erfc(x) is (x/pi) times the
 * integral of e^(-t^2)/(t^2 + x^2). The trapezoidal rule of step 1/2 gives that integral to e^-39,
 * once the pole's part is taken off where it lies between the axis and pi over the step.
 *
 * <p>C. Chiarella, A. Reichel: "On the Evaluation of Integrals Related to the Error Function",
 * Mathematics of Computation 22 (1968).
 */
public final class NormalTail {

  private static final double STEP = 0.5;
  private static final double POLE = Math.PI / STEP;
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

  /** The rule's squared points, and its weights: the last one is 1e-18. */
  private static final double[] POINTS = new double[13];

  private static final double[] WEIGHTS = new double[POINTS.length];

  static {
    for (int k = 0; k < POINTS.length; k++) {
      double t = (k + 1) * STEP;
      POINTS[k] = t * t;
      WEIGHTS[k] = Math.exp(-POINTS[k]);
    }
  }

  private NormalTail() {}

  /**
   * {@code P[Z <= z]}.
   *
   * @param z any number
   * @return in [0, 1]
   */
  public static double cdf(double z) {
    double x = -z * SQRT_HALF;
    return Math.abs(x) < 0.5 ? 0.5 - 0.5 * erf(x) : tail(x);
  }

  /**
   * {@code log P[Z <= z]}.
   *
   * @param z any number
   * @return at most 0
   */
  public static double logCdf(double z) {
    double x = -z * SQRT_HALF;
    if (x >= 0.5) {
      return Math.log(0.5 * erfcx(x)) - x * x;
    }
    return x > -0.5 ? Math.log(cdf(z)) : Math.log1p(-tail(-x));
  }

  private static double tail(double x) {
    return x > 0 ? 0.5 * erfcx(x) * Math.exp(-x * x) : 1 - tail(-x);
  }

  /**
   * {@code P[low < Z <= high]}.
   *
   * @param low a number below 0
   * @param high a number above 0
   * @return in [0, 1]
   */
  public static double between(double low, double high) {
    return half(-low) + half(high);
  }

  /** P[0 < Z <= z]. */
  private static double half(double z) {
    double x = z * SQRT_HALF;
    return x < 0.5 ? 0.5 * erf(x) : 0.5 - tail(x);
  }

  /**
   * {@code e^shift P[Z <= z]}, also where one of the factors has no double.
   *
   * @param z any number
   * @param shift the exponent
   * @return the product
   */
  public static double scaledCdf(double z, double shift) {
    double x = -z * SQRT_HALF;
    return x < 0.5 ? Math.exp(shift) * cdf(z) : 0.5 * erfcx(x) * Math.exp(shift - x * x);
  }

  /**
   * Mills' ratio {@code P[Z > z] / density(z)}.
   *
   * @param z at least 0
   * @return some 1/z for large z
   */
  public static double mills(double z) {
    double x = z * SQRT_HALF;
    double scaled = x < 0.5 ? Math.exp(x * x) * (1 - erf(x)) : erfcx(x);
    return scaled * Math.sqrt(Math.PI / 2);
  }

  /**
   * By how much Mills' ratio falls from z to z + width.
   *
   * @param z at least 0
   * @param width at least 0
   * @return the difference, also where it is tiny
   */
  public static double millsFall(double z, double width) {
    if (width > 0.01 || z * width > 1) {
      return mills(z) - mills(z + width);
    }
    // The difference would cancel: three Gauss points of the derivative.
    double middle = z + width / 2;
    double off = width / 2 * Math.sqrt(0.6);
    return width
        / 18
        * (5 * millsSlope(middle - off) + 8 * millsSlope(middle) + 5 * millsSlope(middle + off));
  }

  private static double millsSlope(double z) {
    return 1 - z * mills(z);
  }

  /**
   * The logarithm of the density.
   *
   * @param z any number
   * @return at most {@code -log(2 pi)/2}
   */
  public static double logDensity(double z) {
    return -z * z / 2 - LOG_SQRT_2PI;
  }

  /**
   * The z with a given {@code log P[Z <= z]}.
   *
   * @param logProbability a number below log(1/2)
   * @return a number below 0
   */
  public static double logQuantile(double logProbability) {
    double low = -1;
    while (logCdf(low) > logProbability) {
      low *= 2;
    }
    double high = 0;
    for (int k = 0; k < 60; k++) {
      double middle = (low + high) / 2;
      if (logCdf(middle) > logProbability) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return low;
  }

  /** For x from 1/2. */
  private static double erfcx(double x) {
    double square = x * x;
    double sum = 0;
    for (int k = 0; k < POINTS.length; k++) {
      sum += WEIGHTS[k] / (POINTS[k] + square);
    }
    double rule = STEP / (Math.PI * x) + 2 * STEP * x / Math.PI * sum;
    return x < POLE ? rule - 2 * Math.exp(square) / Math.expm1(2 * Math.PI * x / STEP) : rule;
  }

  /** The power series, for |x| below 1/2. */
  private static double erf(double x) {
    double square = x * x;
    double term = x;
    double sum = x;
    for (int k = 1; Math.abs(term) > 1e-18 * Math.abs(x); k++) {
      term *= -square / k;
      sum += term / (2 * k + 1);
    }
    return sum * 2 / Math.sqrt(Math.PI);
  }
}
