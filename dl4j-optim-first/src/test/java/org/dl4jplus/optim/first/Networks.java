package org.dl4jplus.optim.first;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks and data for the tests. */
public final class Networks {

  private Networks() {}

  /** 4-6-3 with batch normalization and dropout in between. */
  public static MultiLayerConfiguration normalized(IUpdater updater, double keep) {
    return builder(updater)
        .list()
        .layer(new DenseLayer.Builder().nIn(4).nOut(6).dropOut(keep).build())
        .layer(new BatchNormalization.Builder().nOut(6).build())
        .layer(output(6))
        .build();
  }

  /** 4-6-3. */
  public static MultiLayerConfiguration dense(IUpdater updater) {
    return builder(updater)
        .list()
        .layer(new DenseLayer.Builder().nIn(4).nOut(6).build())
        .layer(output(6))
        .build();
  }

  /** 4-6-3 as a graph. */
  public static ComputationGraphConfiguration graph(IUpdater updater) {
    return builder(updater)
        .graphBuilder()
        .addInputs("in")
        .addLayer("dense", new DenseLayer.Builder().nIn(4).nOut(6).build(), "in")
        .addLayer("out", output(6), "dense")
        .setOutputs("out")
        .build();
  }

  private static NeuralNetConfiguration.Builder builder(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(12)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(updater);
  }

  private static OutputLayer output(int nIn) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(nIn)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  /** An initialised network, bound. */
  public static MultiLayerNetwork network(MultiLayerConfiguration configuration) {
    MultiLayerNetwork network = new MultiLayerNetwork(Optim.bind(configuration));
    network.init();
    return network;
  }

  /** Twelve examples of three classes. */
  public static DataSet data() {
    double[][] x = new double[12][4];
    double[][] y = new double[12][3];
    java.util.Random random = new java.util.Random(3);
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < 4; j++) {
        x[i][j] = random.nextGaussian() + (i % 3 == j ? 2 : 0);
      }
      y[i][i % 3] = 1;
    }
    return new DataSet(Nd4j.createFromArray(x), Nd4j.createFromArray(y));
  }
}
