package org.dl4jplus.optim.first.multiobjective;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Sorts the examples of a batch into groups, such as domains. */
@FunctionalInterface
public interface Grouping extends Serializable {

  /**
   * The groups.
   *
   * @param inputs the batch's inputs, one array for each input of the network
   * @param labels the batch's labels, one array for each output
   * @return one number for each example; equal numbers are one group
   */
  int[] groups(INDArray[] inputs, INDArray[] labels);
}
