package org.dl4jplus.bilevel.task;

import org.dl4jplus.optim.first.updater.Require;

/**
 * Weights of the examples of a batch from logits of their sources:
 *
 * <pre>{@code
 * weight_i = softmax(p)_{s_i} / (number of examples of source s_i in the batch)
 * loss = sum over i of weight_i loss_i,   gradient in p_s: q_s (l_s - sum over r of q_r l_r)
 * }</pre>
 *
 * with q = softmax(p) and l_s the mean loss of source s, 0 where the batch has none of it.
 *
 * @param logits p, one for each source
 * @param sources source of each example, from 0
 */
public record SourceWeights(double[] logits, int[] sources) {

  /**
   * Checks the sources.
   *
   * @param logits p, one for each source, at least one
   * @param sources source of each example, from 0
   * @throws IllegalArgumentException for no logits, or a source that has none
   */
  public SourceWeights {
    Require.given("sources", sources);
    if (Require.given("logits", logits).length == 0) {
      throw new IllegalArgumentException("There must be at least 1 source");
    }
    for (int source : sources) {
      if (source < 0 || source >= logits.length) {
        throw new IllegalArgumentException(
            "Sources must be in [0, " + logits.length + "), got " + source);
      }
    }
  }

  /**
   * softmax(p).
   *
   * @return a probability for each source
   */
  public double[] probabilities() {
    double largest = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    double[] q = new double[logits.length];
    for (int s = 0; s < q.length; s++) {
      q[s] = Math.exp(logits[s] - largest);
      sum += q[s];
    }
    for (int s = 0; s < q.length; s++) {
      q[s] /= sum;
    }
    return q;
  }

  private int[] counts() {
    int[] counts = new int[logits.length];
    for (int source : sources) {
      counts[source]++;
    }
    return counts;
  }

  /**
   * The weights, which add up to the probability of the sources that are there.
   *
   * @return one for each example
   */
  public double[] weights() {
    double[] q = probabilities();
    int[] counts = counts();
    double[] weights = new double[sources.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = q[sources[i]] / counts[sources[i]];
    }
    return weights;
  }

  /**
   * The gradient of the weighted loss in the logits; its entries add up to 0.
   *
   * @param losses unweighted, one for each example
   * @return one for each source
   */
  public double[] gradient(double[] losses) {
    double[] q = probabilities();
    int[] counts = counts();
    double[] means = new double[q.length];
    for (int i = 0; i < losses.length; i++) {
      means[sources[i]] += losses[i] / counts[sources[i]];
    }
    double mean = 0;
    for (int s = 0; s < q.length; s++) {
      mean += q[s] * means[s];
    }
    double[] gradient = new double[q.length];
    for (int s = 0; s < q.length; s++) {
      gradient[s] = q[s] * (means[s] - mean);
    }
    return gradient;
  }
}
