package org.dl4jplus.optim.first.multiobjective;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Makes one vector of a Jacobian, whose row i is the gradient of objective i. Feed gradients of
 * <em>mean</em> losses: some aggregators compare norms with constants.
 *
 * <p>All refuse a matrix without rows and one with numbers that are not finite. A row of zeros
 * never becomes NaN.
 */
public interface Aggregator extends Serializable {

  /**
   * Aggregates the rows.
   *
   * @param jacobian of shape [m, n], not changed
   * @param step tells the draws of a random aggregator apart: equal seed and step draw the same
   * @param out takes the result, of shape [n]; not a part of the Jacobian
   * @throws IllegalArgumentException for a Jacobian without rows, with rows that are not finite or
   *     with a number of rows that does not fit the configuration
   */
  void aggregate(INDArray jacobian, long step, INDArray out);

  /**
   * Aggregates the rows with what an earlier call left, so that one object serves several networks
   * and a run goes on after it was saved. By default nothing is remembered.
   *
   * @param jacobian of shape [m, n], not changed
   * @param step as above
   * @param memory what the last call for the same network returned, not changed; null at first
   * @param out takes the result, of shape [n]; not a part of the Jacobian
   * @return what the next call is to get; null for nothing
   * @throws IllegalArgumentException as above
   */
  default double[] aggregate(INDArray jacobian, long step, double[] memory, INDArray out) {
    aggregate(jacobian, step, out);
    return null;
  }

  /**
   * Aggregates the rows, as in step 0.
   *
   * @param jacobian of shape [m, n], not changed
   * @return a new vector of shape [n] and the Jacobian's type
   * @throws IllegalArgumentException as above
   */
  default INDArray aggregate(INDArray jacobian) {
    INDArray out = Nd4j.create(jacobian.dataType(), jacobian.size(-1));
    aggregate(jacobian, 0, out);
    return out;
  }
}
