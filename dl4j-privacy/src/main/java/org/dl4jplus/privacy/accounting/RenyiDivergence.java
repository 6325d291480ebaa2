package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.check;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Gaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PoissonGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.dl4jplus.privacy.accounting.PrivacyEvent.RdpCurve;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Tree;
import org.dl4jplus.privacy.accounting.PrivacyEvent.WithoutReplacementGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.ZCdp;

/**
 * Renyi divergences of single releases, the larger one of both directions.
 *
 * <pre>{@code
 * Gaussian            a/(2 sigma^2)
 * Tree                a ceil(log2(steps+1))/(2 sigma^2)
 * ZCdp                rho a
 * Laplace             log(a/(2a-1) e^((a-1)/b) + (a-1)/(2a-1) e^(-a/b))/(a-1)
 * PureDp              that of randomised response, which dominates
 * PoissonGaussian     log E[(1-q + q e^((2x-1)/(2 sigma^2)))^a]/(a-1),  x ~ N(0, sigma^2)
 * WithoutReplacement  the bound of Wang et al., theorem 27
 * }</pre>
 *
 * <p>For a Poisson sample and a whole order the expectation is the binomial sum; its first terms,
 * which make up the 1 of the result, are left out and added by log1p, so that small divergences
 * keep their digits. For other orders the specification has a series with signs, which cancels and
 * converges slowly or not at all; the trapezoidal rule gives the same number to 1e-13 at every
 * order, since the integrand is positive and analytic. The differences in the bound for samples
 * without replacement are of even order and therefore expectations of positive numbers, too.
 *
 * <p>I. Mironov, K. Talwar, L. Zhang: "Renyi Differential Privacy of the Sampled Gaussian
 * Mechanism", arXiv 1908.10530 (2019). Y.-X. Wang, B. Balle, S. Kasiviswanathan: "Subsampled Renyi
 * Differential Privacy and Analytical Moments Accountant", arXiv 1808.00087 (2018).
 */
public final class RenyiDivergence {

  /** Standard deviations to both sides of a peak: beyond lies less than 1e-31 of its mass. */
  private static final double REACH = 12;

  /** Below it the grid would need too many points. */
  private static final double LEAST_SIGMA = 0.01;

  /** Below it the conversions are of no use, and lose their digits. */
  private static final double LEAST_ORDER = 1.01;

  private RenyiDivergence() {}

  /**
   * The divergence of an event.
   *
   * @param event the release
   * @param order above 1
   * @return at least 0, or infinite
   * @throws IllegalArgumentException for an order that is not above 1
   */
  public static double of(PrivacyEvent event, double order) {
    return of(event, new double[] {order})[0];
  }

  /**
   * The divergences of an event at several orders.
   *
   * @param event the release
   * @param orders above 1 each
   * @return at least 0, or infinite, each
   * @throws IllegalArgumentException for an order that is not above 1
   */
  public static double[] of(PrivacyEvent event, double[] orders) {
    for (int i = 0; i < orders.length; i++) {
      check(
          orders[i] > 1 && orders[i] < Double.POSITIVE_INFINITY,
          "orders[" + i + "]",
          orders[i],
          "finite and above 1");
    }
    DoubleUnaryOperator divergence = divergence(event);
    double[] values = new double[orders.length];
    for (int i = 0; i < orders.length; i++) {
      values[i] = divergence.applyAsDouble(orders[i]);
    }
    return values;
  }

  private static DoubleUnaryOperator divergence(PrivacyEvent event) {
    if (event instanceof Gaussian e) {
      return a -> gaussian(a, e.noiseMultiplier());
    } else if (event instanceof PoissonGaussian e) {
      return a -> poisson(a, e.samplingRate(), e.noiseMultiplier());
    } else if (event instanceof WithoutReplacementGaussian e) {
      return withoutReplacement(e);
    } else if (event instanceof Laplace e) {
      return a -> laplace(a, 1 / e.scale());
    } else if (event instanceof PureDp e) {
      return a -> randomizedResponse(a, e.epsilon());
    } else if (event instanceof ZCdp e) {
      return a -> a * e.rho();
    } else if (event instanceof Tree e) {
      return a -> e.levels() * gaussian(a, e.noiseMultiplier());
    } else {
      return ((RdpCurve) event)::at;
    }
  }

  /** The divergence of infinite order: the epsilon at delta 0. */
  static double pure(PrivacyEvent event) {
    if (event instanceof PureDp e) {
      return e.epsilon();
    } else if (event instanceof Laplace e) {
      return 1 / e.scale();
    }
    // All others are unbounded, unless nothing is released.
    return of(event, 2) == 0 ? 0 : Double.POSITIVE_INFINITY;
  }

  private static double gaussian(double a, double sigma) {
    return a / (2 * sigma * sigma);
  }

  private static double laplace(double a, double epsilon) {
    double rise = (a - 1) * epsilon;
    double fall = a * epsilon;
    double log =
        rise < 30
            ? Math.log1p((a * Math.expm1(rise) + (a - 1) * Math.expm1(-fall)) / (2 * a - 1))
            : Math.log(a / (2 * a - 1)) + rise + Math.log1p((a - 1) / a * Math.exp(-fall - rise));
    return Math.min(epsilon, Math.max(0, log / (a - 1)));
  }

  private static double randomizedResponse(double a, double epsilon) {
    if (epsilon == 0) {
      return 0;
    }
    double excess =
        LogSum.logExpm1((a - 1) * epsilon)
            + LogSum.logExpm1(a * epsilon)
            - (a - 1) * epsilon
            - LogSum.log1pExp(epsilon);
    return Math.min(epsilon, LogSum.log1pExp(excess) / (a - 1));
  }

  private static double poisson(double a, double q, double sigma) {
    if (q == 0) {
      return 0;
    } else if (q == 1 || sigma == 0) {
      return gaussian(a, sigma);
    }
    return LogSum.log1pExp(poissonExcess(a, q, sigma)) / (a - 1);
  }

  /** The logarithm of the expectation less 1. */
  private static double poissonExcess(double a, double q, double sigma) {
    if (a == Math.rint(a)) {
      return binomialSum((int) a, q, sigma);
    } else if (sigma >= LEAST_SIGMA) {
      return quadrature(a, q, sigma);
    }
    // The logarithm of the expectation is convex in the order and 0 at 1.
    double floor = Math.floor(a);
    double part = a - floor;
    double below = floor == 1 ? 0 : LogSum.log1pExp(binomialSum((int) floor, q, sigma));
    double above = LogSum.log1pExp(binomialSum((int) floor + 1, q, sigma));
    return LogSum.logExpm1((1 - part) * below + part * above);
  }

  /**
   * The sum of binom(a,i) (1-q)^(a-i) q^i (e^((i^2-i)/(2 sigma^2)) - 1), whose first two terms are
   * 0 and the others positive.
   */
  private static double binomialSum(int a, double q, double sigma) {
    LogSum sum = new LogSum();
    double logQ = Math.log(q);
    double logRest = Math.log1p(-q);
    double logBinomial = Math.log(a);
    for (int i = 2; i <= a; i++) {
      logBinomial += Math.log((a - i + 1.0) / i);
      sum.add(
          logBinomial
              + (a - i) * logRest
              + i * logQ
              + LogSum.logExpm1(i * (i - 1.0) / (2 * sigma * sigma)));
    }
    return sum.value();
  }

  /**
   * The expectation of (1+v)^a - 1 - a v, where v = q (e^t - 1), t = (x - 1/2)/sigma^2, has the
   * mean 0. The integrand's nearest singularities are pi sigma^2 off the real axis, and half of
   * sigma^2 as a step makes the rule's error e^-39.
   */
  private static double quadrature(double a, double q, double sigma) {
    double variance = sigma * sigma;
    DoubleUnaryOperator integrand = x -> logConvexPart(a, q, (x - 0.5) / variance);
    // Left of where the record's own density takes over there is a peak at each i < a, beyond only
    // the one at a.
    double takeover = 0.5 + variance * (Math.log1p(-q) - Math.log(q));
    double last = Math.min(a, Math.max(0, takeover));
    return logMean(
        integrand,
        sigma,
        Math.min(sigma / 5, variance / 2),
        new double[] {0, a},
        new double[] {last, a});
  }

  private static double logConvexPart(double a, double q, double t) {
    double v = q * Math.expm1(t);
    if (Math.abs(v) < 0.01 && a * Math.abs(v) < 0.1) {
      double term = a * (a - 1) / 2 * v * v;
      double sum = term;
      for (int k = 3; Math.abs(term) > 1e-17 * sum; k++) {
        term *= (a - k + 1) / k * v;
        sum += term;
      }
      return Math.log(sum);
    }
    boolean large = t > 600;
    double logRatio = large ? Math.log(q) + t : Math.log1p(v);
    double power = a * logRatio;
    if (power < 30) {
      return Math.log(Math.expm1(power) - a * v);
    }
    double logV = large ? logRatio : Math.log(v);
    return power + Math.log1p(-Math.exp(Math.log(a) + logV - power) - Math.exp(-power));
  }

  /**
   * The logarithm of the mean of a positive function over N(0, sigma^2).
   *
   * @param low the first peaks of the integrand, ascending
   * @param high the last peaks that belong to them
   */
  private static double logMean(
      DoubleUnaryOperator logFunction, double sigma, double step, double[] low, double[] high) {
    LogSum sum = new LogSum();
    long done = Long.MIN_VALUE;
    for (int i = 0; i < low.length; i++) {
      long first = Math.max(done, (long) Math.floor((low[i] - REACH * sigma) / step));
      long last = (long) Math.ceil((high[i] + REACH * sigma) / step);
      for (long k = first; k <= last; k++) {
        double x = k * step;
        sum.add(logFunction.applyAsDouble(x) - x * x / (2 * sigma * sigma));
      }
      done = last + 1;
    }
    return sum.value() + Math.log(step / (sigma * Math.sqrt(2 * Math.PI)));
  }

  private static DoubleUnaryOperator withoutReplacement(WithoutReplacementGaussian event) {
    double sigma = event.noiseMultiplier();
    if (event.batch() == 0) {
      return a -> 0;
    } else if (event.batch() == event.records() || sigma == 0) {
      return a -> gaussian(a, sigma);
    }
    double logGamma = Math.log((double) event.batch() / event.records());
    Differences differences = new Differences(sigma);
    return a -> {
      int floor = (int) Math.floor(a);
      double part = a - floor;
      double log = (1 - part) * LogSum.log1pExp(subsetSum(floor, logGamma, sigma, differences));
      if (part > 0) {
        log += part * LogSum.log1pExp(subsetSum(floor + 1, logGamma, sigma, differences));
      }
      return log / (a - 1);
    };
  }

  /** The logarithm of the bound's sum from i = 2; nothing for a = 1. */
  private static double subsetSum(int a, double logGamma, double sigma, Differences differences) {
    LogSum sum = new LogSum();
    double logBinomial = Math.log(a);
    for (int i = 2; i <= a; i++) {
      logBinomial += Math.log((a - i + 1.0) / i);
      double difference =
          (differences.log(i / 2 * 2) + differences.log((i + 1) / 2 * 2)) / 2 + Math.log(4);
      double moment = i * (i - 1.0) / (2 * sigma * sigma) + Math.log(2);
      sum.add(i * logGamma + logBinomial + Math.min(difference, moment));
    }
    return sum.value();
  }

  /** Logarithms of E[(e^t - 1)^m] for even m, which are the m-th differences of the moments. */
  private static final class Differences {

    private final double sigma;
    private double[] known = new double[0];

    private Differences(double sigma) {
      this.sigma = sigma;
    }

    private double log(int m) {
      int index = m / 2 - 1;
      if (index >= known.length) {
        double[] longer = Arrays.copyOf(known, Math.max(index + 1, 2 * known.length));
        for (int k = known.length; k < longer.length; k++) {
          longer[k] = compute(2 * (k + 1));
        }
        known = longer;
      }
      return known[index];
    }

    /** The integrand is log-concave on both sides of its zero at 1/2, with one peak on each. */
    private double compute(int m) {
      double variance = sigma * sigma;
      double left = peak(m, -1);
      double right = peak(m, 1);
      return logMean(
          x -> {
            double t = (x - 0.5) / variance;
            return m * (t > 0 ? LogSum.logExpm1(t) : Math.log(-Math.expm1(t)));
          },
          sigma,
          sigma / 5,
          new double[] {left, right},
          new double[] {left, right});
    }

    /** Where x = m/(1 - e^-t), by bisection. */
    private double peak(int m, int side) {
      double near = 0;
      double far = 1;
      while (slope(m, side, far) > 0) {
        far *= 2;
      }
      for (int k = 0; k < 60; k++) {
        double middle = (near + far) / 2;
        if (slope(m, side, middle) > 0) {
          near = middle;
        } else {
          far = middle;
        }
      }
      return 0.5 + side * far;
    }

    /** Of the logarithm of the integrand, away from 1/2, times the variance. */
    private double slope(int m, int side, double distance) {
      double t = side * distance / (sigma * sigma);
      return side * (m / -Math.expm1(-t) - 0.5) - distance;
    }
  }

  /**
   * The epsilon that a divergence gives: Canonne, Kamath and Steinke, arXiv 2004.00010 (2020).
   *
   * <pre>{@code
   * R + log(1 - 1/a) - log(delta a)/(a-1)
   * }</pre>
   */
  static double epsilon(double order, double divergence, double delta) {
    if (divergence == 0 || delta * delta + Math.expm1(-divergence) > 0) {
      return 0;
    } else if (order <= LEAST_ORDER || delta == 0) {
      return Double.POSITIVE_INFINITY;
    }
    return Math.max(
        0, divergence + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1));
  }

  /** The delta that a divergence gives. */
  static double delta(double order, double divergence, double epsilon) {
    if (divergence == 0) {
      return 0;
    }
    double distance = Math.sqrt(-Math.expm1(-divergence));
    if (order <= LEAST_ORDER || divergence == Double.POSITIVE_INFINITY) {
      return distance;
    }
    double log = (order - 1) * (divergence - epsilon + Math.log1p(-1 / order)) - Math.log(order);
    return Math.min(distance, Math.exp(log));
  }
}
