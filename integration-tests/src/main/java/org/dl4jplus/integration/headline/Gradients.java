package org.dl4jplus.integration.headline;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** Gradients of a network outside training. */
final class Gradients {

  private Gradients() {}

  /** The network on these data, to be asked for losses and gradients. */
  static ModelOracle oracle(MultiLayerNetwork network, DataSet data) {
    network.setInput(data.getFeatures());
    network.setLabels(data.getLabels());
    return new ModelOracle(network);
  }

  /** Gradient of the mean loss on these data. */
  static INDArray of(MultiLayerNetwork network, DataSet data) {
    ModelOracle oracle = oracle(network, data);
    INDArray gradient = oracle.parameters().ulike();
    oracle.lossAndGradient(oracle.parameters().dup(), gradient);
    oracle.restore();
    return gradient;
  }
}
