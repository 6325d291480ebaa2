package org.dl4jplus.privacy.gradient;

import org.nd4j.linalg.api.ndarray.INDArray;

/** How the sums over a piece of records are computed, few enough to pass the network at once. */
interface ClippingEngine {

  /**
   * Adds the records' clipped gradients, and their gradients as they are. A record whose gradient
   * is not finite is in neither sum.
   *
   * @param piece numbers of the records
   * @param point parameters, [n]
   * @param rule how to clip
   * @param clipped the sum of clipped gradients, n entries
   * @param plain the sum of gradients, n entries, or null
   * @return number of records whose gradient is not finite
   */
  int addGradients(int[] piece, INDArray point, ClipRule rule, double[] clipped, double[] plain);

  /**
   * Adds the clipped differences of the records' gradients at two points, under the same dropout
   * masks.
   *
   * @param piece numbers of the records
   * @param point where the gradient is taken
   * @param reference where the gradient is taken that is subtracted
   * @param rule how to clip; not by layers
   * @param clipped the sum, n entries
   * @return number of records of which one of the gradients is not finite
   */
  int addDifferences(
      int[] piece, INDArray point, INDArray reference, ClipRule rule, double[] clipped);
}
