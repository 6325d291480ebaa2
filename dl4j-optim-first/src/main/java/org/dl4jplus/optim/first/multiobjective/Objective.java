package org.dl4jplus.optim.first.multiobjective;

import org.nd4j.linalg.api.ndarray.INDArray;

/** One of the objectives of a step. */
@FunctionalInterface
public interface Objective {

  /**
   * The gradient at the point where the step starts.
   *
   * @param out takes the gradient of the objective's mean loss, of shape [n]
   */
  void gradient(INDArray out);
}
