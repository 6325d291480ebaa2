package org.dl4jplus.integration.headline;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.SharpnessAwareMinimization;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a step of SAM costs beside the plain step of the same network, in turns. */
final class SharpnessCostHeadline implements Headline {

  private static final int WARM_UP = 10;
  private static final int ROUNDS = 31;
  private static final int BATCH = 64;
  private static final double BAR = 2.15;

  @Override
  public String name() {
    return "sharpness-cost";
  }

  @Override
  public List<Row> measure() {
    INDArray images = Nd4j.rand(DataType.FLOAT, BATCH, 1, 28, 28);
    INDArray labels = Digits.anyLabels(BATCH);
    DataSet flat = new DataSet(images.reshape(BATCH, 784), labels);
    return List.of(
        row("a dense network 784-512-512-10", SharpnessCostHeadline::dense, flat),
        row(
            "a convolutional network on 28x28 images",
            SharpnessCostHeadline::convolutional,
            new DataSet(images, labels)));
  }

  private interface Build {
    MultiLayerNetwork network();
  }

  private static Row row(String what, Build build, DataSet batch) {
    MultiLayerNetwork plain = build.network();
    MultiLayerNetwork sharp = build.network();
    sharp.setListeners(new SharpnessAwareMinimization(0.05));
    Turns turns = Turns.of(WARM_UP, ROUNDS, () -> plain.fit(batch), () -> sharp.fit(batch));
    return Row.ratio(
        "median seconds of a step, batch 64, " + what,
        "plain",
        turns.first(),
        "SAM",
        turns.second(),
        Bar.atMost(BAR));
  }

  private static MultiLayerNetwork dense() {
    return network(
        builder()
            .list()
            .layer(dense(512))
            .layer(dense(512))
            .layer(output())
            .setInputType(InputType.feedForward(784)));
  }

  private static MultiLayerNetwork convolutional() {
    return network(
        builder()
            .list()
            .layer(new ConvolutionLayer.Builder(5, 5).nOut(16).activation(Activation.RELU).build())
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
            .layer(new ConvolutionLayer.Builder(3, 3).nOut(32).activation(Activation.RELU).build())
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
            .layer(dense(64))
            .layer(output())
            .setInputType(InputType.convolutional(28, 28, 1)));
  }

  private static NeuralNetConfiguration.Builder builder() {
    return new NeuralNetConfiguration.Builder()
        .seed(1)
        .dataType(DataType.FLOAT)
        .updater(new Nesterovs(0.01, 0.9));
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
