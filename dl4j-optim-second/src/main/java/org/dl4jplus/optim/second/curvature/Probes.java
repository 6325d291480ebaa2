package org.dl4jplus.optim.second.curvature;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where the random vectors of an estimate come from. */
@FunctionalInterface
public interface Probes extends Serializable {

  /**
   * Fills in a vector whose entries have mean 0, variance 1 and no correlation.
   *
   * @param draw which estimate of a run, such as its step
   * @param index which vector of the estimate, from 0
   * @param out takes the vector, of shape [n]
   */
  void fill(long draw, int index, INDArray out);
}
