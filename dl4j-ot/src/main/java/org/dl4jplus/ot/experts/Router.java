package org.dl4jplus.ot.experts;

/** Gives tokens to experts. */
public interface Router {

  /**
   * Gives tokens to experts.
   *
   * @param scores of each token and expert, token after token: the higher, the better they fit
   * @param tokens number of tokens, at least 1
   * @param experts number of experts, at least 1
   * @return who works on what
   * @throws IllegalArgumentException if a score is not finite
   */
  Gates route(double[] scores, int tokens, int experts);

  /**
   * The derivative, with the choice of tokens held.
   *
   * @param scores that were routed
   * @param gates what {@link #route} made of them
   * @param gradient with respect to the gates' weights
   * @return gradient with respect to the scores
   */
  double[] backward(double[] scores, Gates gates, double[] gradient);
}
