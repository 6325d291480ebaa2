package org.dl4jplus.bilevel.search.acquisition;

import java.util.Arrays;
import org.dl4jplus.optim.first.noise.NormalTail;

/**
 * How much drawn functions count that agree, more or less, with what a user believes:
 *
 * <pre>{@code
 * p = max(exp(logBelief - max logBelief)^(beta/observations^power), floor)
 * w = draws * p / sum p                                (mean 1)
 * }</pre>
 *
 * <p>C. Hvarfner, F. Hutter, L. Nardi: "A General Framework for User-Guided Bayesian Optimization",
 * arXiv 2311.14645 (2024).
 */
public final class BeliefWeights {

  /** The least p of a draw. */
  public static final double FLOOR = 1e-9;

  private BeliefWeights() {}

  /**
   * The logarithm of a normal density that is cut off at 0 and 1.
   *
   * @param x in [0, 1]
   * @param centre where the density is largest
   * @param confidence its standard deviation before the cut, above 0
   * @return the logarithm
   */
  public static double logLocation(double x, double centre, double confidence) {
    double inside =
        NormalTail.cdf((1 - centre) / confidence) - NormalTail.cdf(-centre / confidence);
    return logValue(x, centre, confidence) - Math.log(inside);
  }

  /**
   * The logarithm of a normal density.
   *
   * @param value any number
   * @param mean of the density
   * @param confidence its standard deviation, above 0
   * @return the logarithm
   */
  public static double logValue(double value, double mean, double confidence) {
    return NormalTail.logDensity((value - mean) / confidence) - Math.log(confidence);
  }

  /**
   * Weights of draws.
   *
   * @param logBeliefs the logarithm of the belief in each draw
   * @param observations how many values have been observed; 0 counts as 1
   * @param beta of the decay, above 0
   * @param power of the decay, at least 0
   * @param floor the least p, above 0
   * @return weights with mean 1; all 1 where no draw can be believed at all
   */
  public static double[] weights(
      double[] logBeliefs, int observations, double beta, double power, double floor) {
    double decay = beta / Math.pow(Math.max(observations, 1), power);
    double largest =
        Arrays.stream(logBeliefs).filter(l -> !Double.isNaN(l)).max().orElse(Double.NaN);
    double[] weights = new double[logBeliefs.length];
    if (!Double.isFinite(largest)) {
      Arrays.fill(weights, 1);
      return weights;
    }
    double sum = 0;
    for (int s = 0; s < weights.length; s++) {
      double p = Math.exp(decay * (logBeliefs[s] - largest));
      weights[s] = p > floor ? p : floor;
      sum += weights[s];
    }
    for (int s = 0; s < weights.length; s++) {
      weights[s] *= weights.length / sum;
    }
    return weights;
  }

  /**
   * The expected improvement over weighted draws.
   *
   * @param weights one for each draw
   * @param values the draws at a point
   * @param best the best of each draw among the evaluated points
   * @return {@code mean over s of weights[s] max(0, values[s] - best[s])}
   */
  public static double improvement(double[] weights, double[] values, double[] best) {
    double sum = 0;
    for (int s = 0; s < weights.length; s++) {
      sum += weights[s] * Math.max(0, values[s] - best[s]);
    }
    return sum / weights.length;
  }
}
