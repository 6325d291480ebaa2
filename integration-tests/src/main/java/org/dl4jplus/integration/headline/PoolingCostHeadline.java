package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.GeneralizedSumPoolingLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What a step costs with generalised sum pooling in the place of average pooling. */
final class PoolingCostHeadline implements Headline {

  private static final int BATCH = 64;
  private static final int SIDE = 8;
  private static final double BAR = 1.8;

  @Override
  public String name() {
    return "pooling-cost";
  }

  @Override
  public List<Row> measure() {
    DataSet batch =
        new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, 1, SIDE, SIDE), Digits.anyLabels(BATCH));
    List<Row> rows = new ArrayList<>();
    for (int prototypes : new int[] {8, 16, 64}) {
      MultiLayerNetwork average = network(new GlobalPoolingLayer(PoolingType.AVG));
      MultiLayerNetwork ours =
          network(new GeneralizedSumPoolingLayer.Builder().numPrototypes(prototypes).build());
      Turns turns = Turns.of(30, 101, () -> average.fit(batch), () -> ours.fit(batch));
      rows.add(
          Row.ratio(
              "median seconds of a step, 64 images of 8x8, convolution 3x3x16",
              "average pooling",
              turns.first(),
              prototypes + " prototypes",
              turns.second(),
              Bar.atMost(BAR)));
    }
    return rows;
  }

  private static MultiLayerNetwork network(Layer pooling) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.01))
                .list()
                .layer(
                    new ConvolutionLayer.Builder(3, 3).nOut(16).activation(Activation.TANH).build())
                .layer(pooling)
                .layer(
                    new OutputLayer.Builder()
                        .nOut(Digits.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(SIDE, SIDE, 1))
                .build());
    network.init();
    return network;
  }
}
