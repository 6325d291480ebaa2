package org.dl4jplus.bilevel.task;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** What tasks with a weight for each example ask of their data. */
final class Rows {

  private Rows() {}

  /** The number of examples, each of which has one row of labels. */
  static long onePerExample(MultiDataSet batch) {
    for (INDArray labels : batch.getLabels()) {
      if (labels.rank() != 2) {
        throw new IllegalArgumentException(
            "Labels must be of shape [examples, classes], one row for each example, but have rank "
                + labels.rank());
      }
    }
    return batch.getLabels(0).size(0);
  }
}
