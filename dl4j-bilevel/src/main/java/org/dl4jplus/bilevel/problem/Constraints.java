package org.dl4jplus.bilevel.problem;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Constraints {@code c(x, y) <= 0} (or = 0) on the lower variable, for the methods that take them.
 */
public interface Constraints {

  /**
   * How many there are.
   *
   * @return at least 1
   */
  int count();

  /**
   * The values c(x, y).
   *
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param out takes them, of shape [count]
   */
  void values(INDArray x, INDArray y, INDArray out);

  /**
   * The gradients of the inner product of c(x, y) with multipliers, in x and in y.
   *
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param multipliers of shape [count]; not changed
   * @param gradientX takes the gradient in x, of shape [dimX]; null where it is not wanted
   * @param gradientY takes the gradient in y, of shape [dimY]; null where it is not wanted
   */
  void products(
      INDArray x, INDArray y, INDArray multipliers, INDArray gradientX, INDArray gradientY);

  /**
   * Brings a point to the nearest one where all constraints hold and both variables are where they
   * may be.
   *
   * @param x upper variable, of shape [dimX], changed in place
   * @param y lower variable, of shape [dimY], changed in place
   */
  void project(INDArray x, INDArray y);
}
