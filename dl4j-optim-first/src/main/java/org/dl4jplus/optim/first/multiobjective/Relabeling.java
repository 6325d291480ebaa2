package org.dl4jplus.optim.first.multiobjective;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes the labels of one objective of a batch's labels. */
@FunctionalInterface
public interface Relabeling extends Serializable {

  /**
   * The objective's labels.
   *
   * @param labels the batch's labels, one array for each output of the network; not to be changed
   * @return arrays of the same shapes
   */
  INDArray[] labels(INDArray[] labels);
}
