package org.dl4jplus.optim.second.curvature;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network on a batch of b examples with c outputs, linearized: the Jacobian J of the outputs
 * before their activation, whose row i*c + j belongs to output j of example i, and the loss's
 * derivatives by these outputs.
 */
public interface Linearization {

  /**
   * Examples in the batch.
   *
   * @return b
   */
  int examples();

  /**
   * The first derivatives of the examples' losses.
   *
   * @return b*c numbers, in the order of J's rows
   */
  double[] residual();

  /**
   * The second derivatives of the examples' losses.
   *
   * @return of shape [b*c, c], in double precision: row i*c + a is row a of example i's matrix
   */
  INDArray curvature();

  /**
   * The inner products of J's rows.
   *
   * @return J J^T, in double precision
   */
  INDArray gramian();

  /**
   * A product with the Jacobian.
   *
   * @param vector of shape [n]
   * @return J v
   */
  double[] times(INDArray vector);

  /**
   * A product with the Jacobian's transpose.
   *
   * @param weights one for each of J's rows
   * @param out takes J^T weights, of shape [n]
   */
  void transposeTimes(double[] weights, INDArray out);
}
