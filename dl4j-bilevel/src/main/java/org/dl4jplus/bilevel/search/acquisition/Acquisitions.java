package org.dl4jplus.bilevel.search.acquisition;

import java.util.Arrays;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.noise.NormalTail;

/**
 * How much a point is worth to a search that maximises, from what is known of its value. For a
 * search that minimises, negate means and best values.
 *
 * <pre>{@code
 * z = (mean - best)/deviation,  h(z) = phi(z) + z Phi(z)
 * EI  = deviation h(z)
 * PI  = Phi(z)
 * UCB = mean + beta deviation
 * MES = mean over j of [ g phi(g)/(2 Phi(g)) - log Phi(g) ],  g = (maximum[j] - mean)/deviation
 * feasibility = product over c of Phi(-mean[c]/deviation[c])
 * }</pre>
 *
 * <p>P. I. Frazier: "A Tutorial on Bayesian Optimization", arXiv 1807.02811 (2018); Z. Wang, S.
 * Jegelka: "Max-value Entropy Search for Efficient Bayesian Optimization", arXiv 1703.01968 (2017).
 */
public final class Acquisitions {

  /** From here h is its asymptotic series, whose error is below 1e-13 of it. */
  private static final double FAR = -300;

  private Acquisitions() {}

  /** log h(z), without loss of digits for negative z. */
  static double logH(double z) {
    if (z > -1) {
      return Math.log(Math.exp(NormalTail.logDensity(z)) + z * NormalTail.cdf(z));
    }
    if (z > FAR) {
      return NormalTail.logDensity(z) + Math.log1p(z * NormalTail.mills(-z));
    }
    double inverse = 1 / (z * z);
    return NormalTail.logDensity(z)
        - 2 * Math.log(-z)
        + Math.log1p(inverse * (-3 + inverse * (15 - 105 * inverse)));
  }

  /**
   * By how much the value is expected to exceed the best one.
   *
   * @param mean of the value
   * @param deviation standard deviation, at least 0
   * @param best the best value so far
   * @return at least 0
   */
  public static double expectedImprovement(double mean, double deviation, double best) {
    return deviation == 0
        ? Math.max(mean - best, 0)
        : deviation * Math.exp(logH((mean - best) / deviation));
  }

  /**
   * The logarithm of {@link #expectedImprovement}, also where that has no double.
   *
   * @param mean of the value
   * @param deviation standard deviation, at least 0
   * @param best the best value so far
   * @return the logarithm
   */
  public static double logExpectedImprovement(double mean, double deviation, double best) {
    return deviation == 0
        ? Math.log(Math.max(mean - best, 0))
        : Math.log(deviation) + logH((mean - best) / deviation);
  }

  /**
   * How probable it is that the value exceeds the best one.
   *
   * @param mean of the value
   * @param deviation standard deviation, at least 0
   * @param best the best value so far
   * @return in [0, 1]
   */
  public static double probabilityOfImprovement(double mean, double deviation, double best) {
    return Math.exp(logCdf(mean - best, deviation));
  }

  /** log Phi(distance/deviation). */
  private static double logCdf(double distance, double deviation) {
    if (deviation == 0) {
      return distance >= 0 ? 0 : Double.NEGATIVE_INFINITY;
    }
    return NormalTail.logCdf(distance / deviation);
  }

  /**
   * The value that is reached with some optimism.
   *
   * @param mean of the value
   * @param deviation standard deviation, at least 0
   * @param beta how much optimism; a negative one gives the lower bound
   * @return mean + beta * deviation
   */
  public static double confidenceBound(double mean, double deviation, double beta) {
    return mean + beta * deviation;
  }

  /**
   * How probable it is that all constraints are at most 0.
   *
   * @param means of the constraints
   * @param deviations their standard deviations, at least 0
   * @return the logarithm of the product of their probabilities
   */
  public static double logFeasibility(double[] means, double[] deviations) {
    double log = 0;
    for (int c = 0; c < means.length; c++) {
      log += logCdf(-means[c], deviations[c]);
    }
    return log;
  }

  /**
   * How much the value tells of the maximum of the function.
   *
   * @param mean of the value
   * @param deviation standard deviation, at least 0
   * @param maxima samples of the maximum
   * @return at least 0
   */
  public static double maxValueEntropy(double mean, double deviation, double[] maxima) {
    if (deviation == 0) {
      return 0;
    }
    double sum = 0;
    for (double maximum : maxima) {
      double g = (maximum - mean) / deviation;
      double logCdf = NormalTail.logCdf(g);
      sum += g / 2 * Math.exp(NormalTail.logDensity(g) - logCdf) - logCdf;
    }
    return sum / maxima.length;
  }

  /**
   * Samples of a function's maximum, by a Gumbel distribution with the quartiles of the maximum of
   * independent values.
   *
   * @param means of the values
   * @param deviations their standard deviations
   * @param uniforms one number in (0, 1) for each sample
   * @param floor what no sample is below
   * @return the samples
   */
  public static double[] maxima(
      double[] means, double[] deviations, double[] uniforms, double floor) {
    double lower = quantile(means, deviations, 0.25);
    double middle = quantile(means, deviations, 0.5);
    double upper = quantile(means, deviations, 0.75);
    double scale = (upper - lower) / (logLog(0.25) - logLog(0.75));
    double location = middle + scale * logLog(0.5);
    return Arrays.stream(uniforms)
        .map(u -> Math.max(location - scale * logLog(u), floor))
        .toArray();
  }

  private static double logLog(double probability) {
    return Math.log(-Math.log(probability));
  }

  private static double quantile(double[] means, double[] deviations, double probability) {
    double low = Double.NEGATIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < means.length; i++) {
      low = Math.max(low, means[i] - 5 * deviations[i]);
      high = Math.max(high, means[i] + 8 * deviations[i]);
    }
    double target = Math.log(probability);
    for (int k = 0; k < 40; k++) {
      double y = (low + high) / 2;
      double log = 0;
      for (int i = 0; i < means.length && log >= target; i++) {
        log += logCdf(y - means[i], deviations[i]);
      }
      if (log < target) {
        low = y;
      } else {
        high = y;
      }
    }
    return (low + high) / 2;
  }

  /**
   * By how much the best of several values is expected to exceed the best one so far:
   *
   * <pre>{@code
   * mean over samples of max(0, max over j of f_j - best),  f = means + L normals
   * }</pre>
   *
   * @param means of the values
   * @param covariance of the values; its lower triangle is used
   * @param normals samples of independent standard normal numbers, one sample in each row
   * @param best the best value so far
   * @return at least 0
   */
  public static double expectedImprovement(
      double[] means, double[][] covariance, double[][] normals, double best) {
    double[][] factor = factor(covariance);
    double sum = 0;
    for (double[] z : normals) {
      double gain = 0;
      for (int j = 0; j < means.length; j++) {
        double f = means[j] - best;
        for (int k = 0; k <= j; k++) {
          f += factor[j][k] * z[k];
        }
        gain = Math.max(gain, f);
      }
      sum += gain;
    }
    return sum / normals.length;
  }

  private static double[][] factor(double[][] covariance) {
    double[][] factor = null;
    for (double jitter = 0; jitter < 1; jitter = Math.max(1e-12, 10 * jitter)) {
      factor = new double[covariance.length][];
      for (int i = 0; i < covariance.length; i++) {
        factor[i] = Arrays.copyOf(covariance[i], i + 1);
        factor[i][i] += jitter;
      }
      if (new Cholesky(factor).positive()) {
        return factor;
      }
    }
    throw new IllegalArgumentException("covariance must be positive semidefinite");
  }

  /**
   * By how much the largest of linear functions of one normal number is expected to exceed its
   * value at 0: {@code E max(a + b Z) - max a}, exactly.
   *
   * <p>The functions are sorted by slope; the upper envelope has breakpoints c between consecutive
   * ones, and the gain is the sum of {@code (b[t+1] - b[t]) h(-|c[t]|)}.
   *
   * @param a values at 0
   * @param b slopes
   * @return at least 0
   */
  public static double expectedGain(double[] a, double[] b) {
    Integer[] order = new Integer[a.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(
        order, (i, j) -> b[i] != b[j] ? Double.compare(b[i], b[j]) : Double.compare(a[i], a[j]));
    int[] envelope = new int[a.length];
    double[] breaks = new double[a.length];
    int last = -1;
    for (int i : order) {
      double c = Double.NEGATIVE_INFINITY;
      while (last >= 0) {
        int top = envelope[last];
        // Of equal slopes the later has the larger value.
        c = b[i] == b[top] ? Double.NEGATIVE_INFINITY : (a[top] - a[i]) / (b[i] - b[top]);
        if (c > breaks[last]) {
          break;
        }
        last--;
        c = Double.NEGATIVE_INFINITY;
      }
      last++;
      envelope[last] = i;
      breaks[last] = c;
    }
    double gain = 0;
    for (int t = 1; t <= last; t++) {
      gain += (b[envelope[t]] - b[envelope[t - 1]]) * Math.exp(logH(-Math.abs(breaks[t])));
    }
    return gain;
  }
}
