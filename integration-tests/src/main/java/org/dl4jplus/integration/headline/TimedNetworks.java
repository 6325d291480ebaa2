package org.dl4jplus.integration.headline;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks of single precision whose steps are timed. */
final class TimedNetworks {

  private TimedNetworks() {}

  /** Rectified layers of the given widths on flat inputs. */
  static MultiLayerNetwork dense(IUpdater updater, int inputs, int... widths) {
    NeuralNetConfiguration.ListBuilder list = builder(updater);
    for (int width : widths) {
      list.layer(dense(width));
    }
    return network(list.layer(output()).setInputType(InputType.feedForward(inputs)));
  }

  /** Two convolutions, each with pooling, and a dense layer on square images of one channel. */
  static MultiLayerNetwork convolutional(IUpdater updater, int side) {
    return network(
        builder(updater)
            .layer(new ConvolutionLayer.Builder(5, 5).nOut(16).activation(Activation.RELU).build())
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
            .layer(new ConvolutionLayer.Builder(3, 3).nOut(32).activation(Activation.RELU).build())
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
            .layer(dense(64))
            .layer(output())
            .setInputType(InputType.convolutional(side, side, 1)));
  }

  private static NeuralNetConfiguration.ListBuilder builder(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(1)
        .dataType(DataType.FLOAT)
        .updater(updater)
        .list();
  }

  private static DenseLayer dense(int width) {
    return new DenseLayer.Builder().nOut(width).activation(Activation.RELU).build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(Digits.CLASSES)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static MultiLayerNetwork network(NeuralNetConfiguration.ListBuilder list) {
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }
}
