package org.dl4jplus.privacy.audit;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks and data of noise, to be learnt by heart. */
final class Nets {

  static final int WIDTH = 6;
  static final int CLASSES = 3;

  private static final int HIDDEN = 24;
  private static final int STEPS = 20;

  private Nets() {}

  static DataSet data(int records, DataType type) {
    SplittableRandom random = new SplittableRandom(17);
    INDArray features = Nd4j.create(type, records, WIDTH);
    INDArray labels = Nd4j.zeros(type, records, CLASSES);
    for (int i = 0; i < records; i++) {
      labels.putScalar(i, random.nextInt(CLASSES), 1);
      for (int k = 0; k < WIDTH; k++) {
        features.putScalar(i, k, random.nextGaussian());
      }
    }
    return new DataSet(features, labels);
  }

  private static NeuralNetConfiguration.Builder common(int seed, DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(seed)
        .dataType(type)
        .activation(Activation.TANH)
        .updater(new Adam(0.1));
  }

  private static DenseLayer dense() {
    return new DenseLayer.Builder().nIn(WIDTH).nOut(HIDDEN).build();
  }

  private static OutputLayer output(int in) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(in)
        .nOut(CLASSES)
        .activation(Activation.SOFTMAX)
        .build();
  }

  static MultiLayerNetwork network(int seed, DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            common(seed, type).list().layer(dense()).layer(output(HIDDEN)).build());
    network.init();
    return network;
  }

  /** Its input feeds two vertices. */
  static ComputationGraph graph(int seed, DataType type) {
    ComputationGraph graph =
        new ComputationGraph(
            common(seed, type)
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", dense(), "in")
                .addVertex("both", new MergeVertex(), "dense", "in")
                .addLayer("out", output(HIDDEN + WIDTH), "both")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  static MultiLayerNetwork regression() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            common(1, DataType.DOUBLE)
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(WIDTH)
                        .nOut(CLASSES)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    return network;
  }

  static ShadowModels shadows(DataSet data, int count, long seed, boolean graph) {
    AtomicInteger number = new AtomicInteger();
    return ShadowModels.train(
        data,
        part -> {
          int own = number.incrementAndGet();
          DataType type = data.getFeatures().dataType();
          Model model = graph ? graph(own, type) : network(own, type);
          for (int step = 0; step < STEPS; step++) {
            if (model instanceof ComputationGraph made) {
              made.fit(part);
            } else {
              ((MultiLayerNetwork) model).fit(part);
            }
          }
          return model;
        },
        count,
        seed);
  }
}
