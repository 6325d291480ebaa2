package org.dl4jplus.privacy.audit;

import org.deeplearning4j.nn.api.Model;
import org.nd4j.linalg.dataset.DataSet;

/** The training that is attacked, as a function of its data. */
@FunctionalInterface
public interface ModelTrainer {

  /**
   * Trains a new model, in the way of the one under attack.
   *
   * @param data the training records; not to be changed
   * @return a MultiLayerNetwork or a ComputationGraph of its own
   */
  Model train(DataSet data);
}
