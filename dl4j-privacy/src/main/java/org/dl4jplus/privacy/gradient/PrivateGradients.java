package org.dl4jplus.privacy.gradient;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The records of a step, seen only through sums of clipped gradients. Gradients are those of each
 * record's own loss. A record whose gradient is not finite counts as one whose gradient is 0.
 * Nothing here is private before noise has been added.
 */
public interface PrivateGradients {

  /**
   * Number of trainable parameters.
   *
   * @return n
   */
  int coordinates();

  /**
   * Number of records here.
   *
   * @return the count, which is private
   */
  int count();

  /**
   * Some of the records.
   *
   * @param from position of the first one
   * @param to end, exclusive
   * @return those records alone
   */
  PrivateGradients part(int from, int to);

  /**
   * Adds the clipped gradients.
   *
   * @param point parameters at which to evaluate, of shape [n]
   * @param rule how to clip
   * @param clipped the sum, to which they are added, n entries
   */
  void clippedSum(INDArray point, ClipRule rule, double[] clipped);

  /**
   * Adds the clipped gradients and the gradients as they are. The second sum must never leave the
   * process.
   *
   * @param point parameters at which to evaluate, of shape [n]
   * @param rule how to clip
   * @param clipped the sum of clipped gradients, n entries
   * @param plain the sum of gradients, n entries
   */
  void clippedAndPlainSum(INDArray point, ClipRule rule, double[] clipped, double[] plain);

  /**
   * Adds the clipped differences of each record's gradients at two points.
   *
   * @param point where the gradient is taken, of shape [n]
   * @param reference where the gradient is taken that is subtracted, of shape [n]
   * @param threshold what the norm of a difference is clipped to, at least 0
   * @param clipped the sum, n entries
   */
  void clippedDifferenceSum(INDArray point, INDArray reference, double threshold, double[] clipped);
}
