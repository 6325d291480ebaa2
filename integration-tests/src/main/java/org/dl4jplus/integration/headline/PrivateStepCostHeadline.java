package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.gradient.GradientEngine;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a private step costs beside the plain step of the same network, in turns. */
final class PrivateStepCostHeadline implements Headline {

  private static final int BATCH = 256;
  private static final double BAR = 1.6;
  private static final double LOOP_BAR = 4;

  @Override
  public String name() {
    return "private-step-cost";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    rows(
        rows,
        "dense network 64-256-128-10",
        PrivateStepCostHeadline::dense,
        new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, 64), Digits.anyLabels(BATCH)));
    rows(
        rows,
        "convolutional network on 16x16 images",
        PrivateStepCostHeadline::convolutional,
        new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, 1, 16, 16), Digits.anyLabels(BATCH)));
    return rows;
  }

  private interface Build {
    MultiLayerNetwork network();
  }

  private static void rows(List<Row> rows, String what, Build build, DataSet data) {
    String claim = "median seconds of a step, batch 256, " + what;
    MultiLayerNetwork plain = build.network();
    try (DpTrainer kept = trainer(build, data, GradientEngine.AUTO, 1);
        DpTrainer silent = trainer(build, data, GradientEngine.AUTO, 0);
        DpTrainer loop = trainer(build, data, GradientEngine.LOOP, 1)) {
      Turns turns = Turns.of(40, 101, () -> plain.fit(data), () -> kept.fit(1));
      rows.add(
          Row.ratio(claim, "plain", turns.first(), "private", turns.second(), Bar.atMost(BAR)));
      turns = Turns.of(40, 101, () -> plain.fit(data), () -> silent.fit(1));
      rows.add(Row.ratio(claim, "plain", turns.first(), "without noise", turns.second(), Bar.NONE));
      turns = Turns.of(2, 9, () -> kept.fit(1), () -> loop.fit(1));
      rows.add(
          Row.ratio(
              claim,
              "book-keeping",
              turns.first(),
              "record by record",
              turns.second(),
              Bar.atLeast(LOOP_BAR)));
    }
  }

  private static DpTrainer trainer(Build build, DataSet data, GradientEngine engine, double noise) {
    return DpTrainer.attach(
        build.network(),
        DpConfig.builder()
            .noiseMultiplier(noise)
            .nonPrivate(noise == 0)
            .samplingRate(1.0)
            .gradientEngine(engine)
            .build(),
        data);
  }

  private static MultiLayerNetwork dense() {
    return network(
        builder()
            .list()
            .layer(dense(256))
            .layer(dense(128))
            .layer(output())
            .setInputType(InputType.feedForward(64)));
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
            .setInputType(InputType.convolutional(16, 16, 1)));
  }

  private static NeuralNetConfiguration.Builder builder() {
    return new NeuralNetConfiguration.Builder()
        .seed(1)
        .dataType(DataType.FLOAT)
        .updater(new Sgd(0.01));
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
