package org.dl4jplus.optim.zeroth.objective;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A function of a vector that is known by its values alone. */
@FunctionalInterface
public interface ZoObjective {

  /**
   * The value at a point.
   *
   * @param parameters the point, of shape [n]; not changed
   * @return the value; may be NaN or infinite
   */
  double value(INDArray parameters);
}
