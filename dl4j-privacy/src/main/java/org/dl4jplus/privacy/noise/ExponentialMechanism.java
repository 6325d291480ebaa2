package org.dl4jplus.privacy.noise;

/**
 * Draws an index with a probability proportional to its weight:
 *
 * <pre>{@code
 * P[i] = exp(logWeights[i]) / SUM_j exp(logWeights[j])
 * }</pre>
 *
 * With log weights epsilon u_i / (2 s), where the utilities u have sensitivity s, it is the
 * exponential mechanism, which is (epsilon, 0)-private (Frank McSherry, Kunal Talwar, "Mechanism
 * Design via Differential Privacy", FOCS 2007).
 *
 * <p>An index is drawn uniformly and accepted with probability exp(logWeight - largest), of which
 * the exponent is rounded to a multiple of 2^-40 and nothing else is: no index has a probability
 * that a double cannot reach. Takes about the number of indices tries at most on average; the time
 * depends on what is drawn.
 */
public final class ExponentialMechanism {

  private static final long UNIT = 1L << 40;

  /** Nobody sees an event of this exponent, and the long does not overflow. */
  private static final double LARGEST = 1L << 22;

  private ExponentialMechanism() {}

  /**
   * Draws an index.
   *
   * @param logWeights natural logarithms of the weights, in any range; negative infinity is weight
   *     0
   * @param source of randomness
   * @return an index
   * @throws IllegalArgumentException if a log weight is NaN or positive infinity, or all weights
   *     are 0
   */
  public static int draw(double[] logWeights, NoiseSource source) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double weight : logWeights) {
      if (!(weight < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("logWeights must be below infinity and not NaN");
      }
      largest = Math.max(largest, weight);
    }
    if (largest == Double.NEGATIVE_INFINITY) {
      throw new IllegalArgumentException("logWeights must have one that is not negative infinity");
    }
    while (true) {
      int i = (int) source.uniform(logWeights.length);
      double exponent = largest - logWeights[i];
      if (exponent < Double.POSITIVE_INFINITY
          && ExactBernoulli.exp(
              (long) Math.rint(Math.min(exponent, LARGEST) * UNIT), UNIT, source)) {
        return i;
      }
    }
  }
}
