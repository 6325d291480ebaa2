package org.dl4jplus.integration.contract;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Tiny networks of the kinds that lay out their parameters differently, with data to learn. */
enum Topology {
  /** Weights and biases of three layers; with most updaters one block. */
  DENSE,
  /** Kernels in another order than weights, and normalization whose statistics split the block. */
  CONVOLUTION,
  /** Input and recurrent weights of one size; two directions under one updater. */
  RECURRENT,
  /** A table of embeddings. */
  EMBEDDING,
  /** A graph with two branches, one of them with weight decay. */
  GRAPH;

  private static final int EXAMPLES = 12;
  private static final int CLASSES = 3;
  private static final int FEATURES = 4;
  private static final int IMAGE = 5;
  private static final int TIME = 4;

  boolean isGraph() {
    return this == GRAPH;
  }

  private static NeuralNetConfiguration.Builder base(IUpdater updater, DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .dataType(type)
        .updater(updater)
        .weightInit(WeightInit.XAVIER)
        .activation(Activation.TANH);
  }

  private static OutputLayer.Builder output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .activation(Activation.SOFTMAX)
        .nOut(CLASSES);
  }

  /** The configuration of a network of layers, not bound. */
  MultiLayerConfiguration layers(IUpdater updater, DataType type) {
    NeuralNetConfiguration.ListBuilder list = base(updater, type).list();
    return switch (this) {
      case DENSE ->
          list.layer(new DenseLayer.Builder().nIn(FEATURES).nOut(6).build())
              .layer(new DenseLayer.Builder().nIn(6).nOut(6).build())
              .layer(output().nIn(6).build())
              .build();
      case CONVOLUTION ->
          list.layer(new ConvolutionLayer.Builder(3, 3).nOut(2).build())
              .layer(new BatchNormalization())
              .layer(new DenseLayer.Builder().nOut(4).build())
              .layer(output().build())
              .setInputType(InputType.convolutional(IMAGE, IMAGE, 1))
              .build();
      case RECURRENT ->
          list.layer(new LSTM.Builder().nIn(FEATURES).nOut(FEATURES).build())
              .layer(
                  new Bidirectional(
                      Bidirectional.Mode.ADD, new LSTM.Builder().nIn(FEATURES).nOut(3).build()))
              .layer(
                  new RnnOutputLayer.Builder(LossFunction.MCXENT)
                      .activation(Activation.SOFTMAX)
                      .nIn(3)
                      .nOut(CLASSES)
                      .build())
              .build();
      case EMBEDDING ->
          list.layer(new EmbeddingLayer.Builder().nIn(EXAMPLES).nOut(4).build())
              .layer(output().nIn(4).build())
              .build();
      case GRAPH -> throw new IllegalArgumentException("not a network of layers");
    };
  }

  /** The configuration of a graph, not bound. */
  ComputationGraphConfiguration graph(IUpdater updater, DataType type) {
    return base(updater, type)
        .graphBuilder()
        .addInputs("in")
        .addLayer("a", new DenseLayer.Builder().nIn(FEATURES).nOut(4).build(), "in")
        .addLayer(
            "b", new DenseLayer.Builder().nIn(FEATURES).nOut(4).weightDecay(1e-3).build(), "in")
        .addVertex("both", new MergeVertex(), "a", "b")
        .addLayer("out", output().nIn(8).build(), "both")
        .setOutputs("out")
        .build();
  }

  /**
   * A minibatch to learn: the label follows from the features.
   *
   * @param type data type
   * @param seed which minibatch
   */
  DataSet data(DataType type, int seed) {
    Nd4j.getRandom().setSeed(100 + seed);
    INDArray labels = Nd4j.zeros(type, EXAMPLES, CLASSES);
    for (int i = 0; i < EXAMPLES; i++) {
      labels.putScalar(i, (i + seed) % CLASSES, 1);
    }
    INDArray noise = Nd4j.randn(type, EXAMPLES, FEATURES).muli(0.3);
    noise
        .get(
            org.nd4j.linalg.indexing.NDArrayIndex.all(),
            org.nd4j.linalg.indexing.NDArrayIndex.interval(0, CLASSES))
        .addi(labels);
    return switch (this) {
      case DENSE, GRAPH -> new DataSet(noise, labels);
      case EMBEDDING -> {
        INDArray ids = Nd4j.arange(0, EXAMPLES).castTo(type).reshape(EXAMPLES, 1);
        yield new DataSet(ids, labels);
      }
      case CONVOLUTION -> {
        INDArray images = Nd4j.randn(type, EXAMPLES, 1, IMAGE, IMAGE).muli(0.3);
        for (int i = 0; i < EXAMPLES; i++) {
          images.slice(i).addi(labels.getDouble(i, 0) - labels.getDouble(i, 1));
        }
        yield new DataSet(images, labels);
      }
      case RECURRENT -> {
        INDArray series = Nd4j.create(type, EXAMPLES, FEATURES, TIME);
        INDArray labelSeries = Nd4j.create(type, EXAMPLES, CLASSES, TIME);
        for (int t = 0; t < TIME; t++) {
          series.tensorAlongDimension(t, 0, 1).assign(noise.mul(1 + 0.1 * t));
          labelSeries.tensorAlongDimension(t, 0, 1).assign(labels);
        }
        yield new DataSet(series, labelSeries);
      }
    };
  }
}
