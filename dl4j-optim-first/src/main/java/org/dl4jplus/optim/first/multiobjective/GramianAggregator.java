package org.dl4jplus.optim.first.multiobjective;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An aggregator whose result is a weighted sum of the rows, with weights that depend on the rows'
 * inner products only. The work with the length of the rows is that of the inner products and of
 * one sum.
 */
public interface GramianAggregator extends Aggregator {

  /**
   * The weights of the rows.
   *
   * @param gramian inner products of the rows, of size m x m with m at least 1; not changed
   * @param step as in {@link Aggregator#aggregate(INDArray, long, INDArray)}
   * @return m weights
   * @throws IllegalArgumentException if m does not fit the configuration
   */
  double[] weights(double[][] gramian, long step);

  /**
   * The weights of the rows, and what the next call for the same network is to get.
   *
   * @param weights one for each row
   * @param memory null for nothing
   */
  record Weighting(double[] weights, double[] memory) {}

  /**
   * The weights of the rows with what an earlier call left. By default nothing is remembered.
   *
   * @param gramian inner products of the rows
   * @param step as above
   * @param memory what the last call for the same network returned, not changed; null at first
   * @return the weights and the memory
   * @throws IllegalArgumentException as above
   */
  default Weighting weights(double[][] gramian, long step, double[] memory) {
    return new Weighting(weights(gramian, step), null);
  }

  /**
   * The weights of the rows, as in step 0.
   *
   * @param gramian inner products of the rows
   * @return m weights
   */
  default double[] weights(double[][] gramian) {
    return weights(gramian, 0);
  }

  @Override
  default void aggregate(INDArray jacobian, long step, INDArray out) {
    Jacobians.weightedSum(jacobian, weights(Jacobians.gramian(jacobian), step), out);
  }

  @Override
  default double[] aggregate(INDArray jacobian, long step, double[] memory, INDArray out) {
    Weighting result = weights(Jacobians.gramian(jacobian), step, memory);
    Jacobians.weightedSum(jacobian, result.weights(), out);
    return result.memory();
  }
}
