package org.dl4jplus.ot.experts;

/**
 * Each token goes to the experts of its highest scores, among equals to those of the lowest index,
 * however many tokens they have.
 *
 * <pre>{@code
 * gate = softmax over experts of the scores, for the chosen experts, or 1/expertsPerToken
 * }</pre>
 *
 * <p>W. Fedus, B. Zoph, N. Shazeer: "Switch Transformers", arXiv 2101.03961 (2021).
 *
 * @param expertsPerToken at least 1; more than there are counts as all
 * @param weighted whether the gates are the softmax; otherwise they are all equal
 */
public record SoftmaxRouter(int expertsPerToken, boolean weighted) implements Router {

  /**
   * A router.
   *
   * @param expertsPerToken experts a token has
   * @param weighted whether the gates are the softmax
   * @throws IllegalArgumentException if a value is out of range
   */
  public SoftmaxRouter {
    if (expertsPerToken < 1) {
      throw new IllegalArgumentException("expertsPerToken must be >= 1: " + expertsPerToken);
    }
  }

  @Override
  public Gates route(double[] scores, int tokens, int experts) {
    double[] weights = new double[scores.length];
    int chosen = Math.min(expertsPerToken, experts);
    for (int i = 0; i < tokens; i++) {
      double[] shares = softmax(scores, i * experts, experts);
      for (int c = 0; c < chosen; c++) {
        int best = -1;
        for (int e = 0; e < experts; e++) {
          int k = i * experts + e;
          if (weights[k] == 0 && (best < 0 || scores[k] > scores[best])) {
            best = k;
          }
        }
        // A share may underflow; its expert works all the same.
        double share = Math.max(shares[best - i * experts], Double.MIN_NORMAL);
        weights[best] = weighted ? share : 1.0 / chosen;
      }
    }
    return new Gates(tokens, experts, weights);
  }

  private static double[] softmax(double[] scores, int from, int size) {
    double top = Double.NEGATIVE_INFINITY;
    for (int e = 0; e < size; e++) {
      if (!Double.isFinite(scores[from + e])) {
        throw new IllegalArgumentException("scores must be finite: " + scores[from + e]);
      }
      top = Math.max(top, scores[from + e]);
    }
    double[] shares = new double[size];
    double sum = 0;
    for (int e = 0; e < size; e++) {
      shares[e] = Math.exp(scores[from + e] - top);
      sum += shares[e];
    }
    for (int e = 0; e < size; e++) {
      shares[e] /= sum;
    }
    return shares;
  }

  @Override
  public double[] backward(double[] scores, Gates gates, double[] gradient) {
    double[] result = new double[gradient.length];
    if (!weighted) {
      return result;
    }
    int experts = gates.experts();
    for (int i = 0; i < gates.tokens(); i++) {
      double[] shares = softmax(scores, i * experts, experts);
      double mean = 0;
      for (int k = i * experts; k < (i + 1) * experts; k++) {
        mean += gates.weights()[k] * gradient[k];
      }
      for (int e = 0; e < experts; e++) {
        int k = i * experts + e;
        result[k] = shares[e] * ((gates.weights()[k] != 0 ? gradient[k] : 0) - mean);
      }
    }
    return result;
  }
}
