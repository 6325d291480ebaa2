package org.dl4jplus.bilevel.problem;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Two nested minimisations over an upper variable x (hyperparameters) and a lower one y (a
 * network's parameters):
 *
 * <pre>{@code
 * min over x of F(x) = f(x, y*(x)),   y*(x) = argmin over y of g(x, y)
 * }</pre>
 *
 * where f is the upper loss (of validation) and g the lower one (of training), each the mean over
 * numbered batches. Only first derivatives are asked for; second ones come as differences of these
 * unless a problem knows better.
 */
public interface BilevelProblem {

  /** In the place of a batch's number: the mean over all of them. */
  int ALL = -1;

  /**
   * Length of the upper variable.
   *
   * @return at least 1
   */
  long dimX();

  /**
   * Length of the lower variable.
   *
   * @return at least 1
   */
  long dimY();

  /**
   * Type of both variables.
   *
   * @return FLOAT or DOUBLE
   */
  default DataType dataType() {
    return DataType.DOUBLE;
  }

  /**
   * How many batches the upper loss is the mean of.
   *
   * @return the count, 1 by default
   */
  default int upperBatches() {
    return 1;
  }

  /**
   * How many batches the lower loss is the mean of.
   *
   * @return the count, 1 by default
   */
  default int lowerBatches() {
    return 1;
  }

  /**
   * The upper loss f with its gradients.
   *
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param batch number of the batch, or {@link #ALL}
   * @param gradientX takes the gradient in x, of shape [dimX]; null where it is not wanted
   * @param gradientY takes the gradient in y, of shape [dimY]; null where it is not wanted
   * @return the loss
   */
  double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY);

  /**
   * The lower loss g with its gradients; parameters as those of {@link #upper}. Two calls on the
   * same batch between two {@link #accept} see the same random draws.
   *
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param batch number of the batch, or {@link #ALL}
   * @param gradientX takes the gradient in x, of shape [dimX]; null where it is not wanted
   * @param gradientY takes the gradient in y, of shape [dimY]; null where it is not wanted
   * @return the loss
   */
  double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY);

  /**
   * Product of the lower loss's Hessian in y with a vector, by default from two gradients:
   *
   * <pre>{@code
   * H*v ~ (grad_y g(x, y + r*v) - grad_y g(x, y - r*v)) / (2*r),  r = s * (1 + ||y||) / ||v||
   * }</pre>
   *
   * with s = 1e-4 in double and 5e-3 in single precision.
   *
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param batch number of the batch, or {@link #ALL}
   * @param v the vector, of shape [dimY]; not changed
   * @param out takes the product, of shape [dimY]; none of the others; zero for v = 0, without a
   *     call
   */
  default void lowerHessianVector(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    Differences.along(y, v, out, (at, gradient) -> lower(x, at, batch, null, gradient));
  }

  /**
   * Product of the mixed second derivative of the lower loss with a vector, that is the gradient in
   * x of the inner product of grad_y g with it; by default from two gradients in x:
   *
   * <pre>{@code
   * (d/dx grad_y g)'*v ~ (grad_x g(x, y + r*v) - grad_x g(x, y - r*v)) / (2*r)
   * }</pre>
   *
   * with the r of {@link #lowerHessianVector}.
   *
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param batch number of the batch, or {@link #ALL}
   * @param v the vector, of shape [dimY]; not changed
   * @param out takes the product, of shape [dimX]; zero for v = 0, without a call
   */
  default void lowerMixedProduct(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    Differences.along(y, v, out, (at, gradient) -> lower(x, at, batch, gradient, null));
  }

  /**
   * What {@link #lowerHessianVector} costs, for the count of calls.
   *
   * @return gradients of the lower loss: 2 by default
   */
  default int productCalls() {
    return 2;
  }

  /**
   * What {@link #lowerMixedProduct} costs, for the count of calls.
   *
   * @return gradients of the lower loss: 2 by default, 0 for a product in closed form
   */
  default int mixedCalls() {
    return 2;
  }

  /**
   * Brings the upper variable to where it may be. Does nothing by default.
   *
   * @param x of shape [dimX], changed in place
   */
  default void projectX(INDArray x) {}

  /**
   * Brings the lower variable to where it may be. Does nothing by default.
   *
   * @param y of shape [dimY], changed in place
   */
  default void projectY(INDArray y) {}

  /**
   * What parts the lower variable has, for methods that train some at a time: a network's layers.
   *
   * @return their lengths in order, which add up to dimY; one part by default
   */
  default long[] lowerBlocks() {
    return new long[] {dimY()};
  }

  /**
   * The constraints of the lower problem.
   *
   * @return null, the default, where there are none
   */
  default Constraints constraints() {
    return null;
  }

  /**
   * Hears of the point that an outer step, or the start, has led to; a network takes the lower
   * variable as its parameters. Does nothing by default.
   *
   * @param x upper variable, of shape [dimX]; not to be kept
   * @param y lower variable, of shape [dimY]; not to be kept
   * @param iteration number of outer steps so far
   */
  default void accept(INDArray x, INDArray y, long iteration) {}
}
