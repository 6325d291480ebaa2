package org.dl4jplus.privacy.gradient;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks of each kind with some records; the input of record 2 is zero. */
record Nets(String name, Model model, MultiDataSet data) {

  static final int RECORDS = 6;

  @Override
  public String toString() {
    return name;
  }

  static List<Nets> all(DataType type) {
    List<Nets> nets = new ArrayList<>();
    nets.add(dense(type));
    nets.add(
        flat(
            "layer normalization",
            type,
            list -> list.layer(dense(7).hasLayerNorm(true).build()).layer(output())));
    nets.add(
        flat(
            "frozen layer",
            type,
            list ->
                list.layer(new FrozenLayer(dense(5).build()))
                    .layer(dense(4).hasBias(false).build())
                    .layer(output())));
    for (CNN2DFormat format : CNN2DFormat.values()) {
      nets.add(
          of(
              "convolution " + format,
              type,
              InputType.convolutional(8, 7, 2, format),
              list ->
                  list.layer(
                          new ConvolutionLayer.Builder(3, 2)
                              .nOut(4)
                              .stride(2, 1)
                              .dataFormat(format)
                              .convolutionMode(ConvolutionMode.Same)
                              .build())
                      .layer(new SubsamplingLayer.Builder(2, 2).dataFormat(format).build())
                      .layer(
                          new ConvolutionLayer.Builder(2, 2)
                              .nOut(20)
                              .dataFormat(format)
                              .hasBias(false)
                              .build())
                      .layer(output()),
              normal(
                  type,
                  format == CNN2DFormat.NCHW
                      ? new long[] {RECORDS, 2, 8, 7}
                      : new long[] {RECORDS, 8, 7, 2}),
              classes(type, RECORDS, 3)));
    }
    nets.add(
        of(
            "convolution over time",
            type,
            InputType.recurrent(3, 7),
            list ->
                list.layer(new Convolution1DLayer.Builder(3).nOut(4).build())
                    .layer(new GlobalPoolingLayer.Builder().build())
                    .layer(output()),
            normal(type, RECORDS, 3, 7),
            classes(type, RECORDS, 3)));
    nets.add(
        of(
            "embedding",
            type,
            InputType.feedForward(5),
            list ->
                list.layer(new EmbeddingLayer.Builder().nIn(5).nOut(4).hasBias(true).build())
                    .layer(output()),
            tokens(type, 1),
            classes(type, RECORDS, 3)));
    nets.add(
        of(
            "embedding of sequences",
            type,
            InputType.recurrent(5, 6),
            list ->
                list.layer(
                        new EmbeddingSequenceLayer.Builder()
                            .nIn(5)
                            .nOut(4)
                            .hasBias(true)
                            .inputLength(6)
                            .build())
                    .layer(new LastTimeStep(new LSTM.Builder().nOut(4).build()))
                    .layer(output()),
            tokens(type, 6),
            classes(type, RECORDS, 3)));
    for (int steps : new int[] {5, 1}) {
      nets.add(
          sequence(
              "LSTM, steps " + steps,
              type,
              steps,
              list -> list.layer(new LSTM.Builder().nOut(4).build()).layer(rnnOutput())));
      nets.add(
          sequence(
              "SimpleRnn, steps " + steps,
              type,
              steps,
              list -> list.layer(new SimpleRnn.Builder().nOut(4).build()).layer(rnnOutput())));
    }
    Nets masked =
        sequence(
            "masks",
            type,
            5,
            list ->
                list.layer(new LSTM.Builder().nOut(4).build())
                    .layer(dense(4).build())
                    .layer(rnnOutput()));
    INDArray mask = Nd4j.ones(type, RECORDS, 5);
    for (int i = 0; i < RECORDS; i++) {
      for (int t = 5 - i; t < 5; t++) {
        mask.putScalar(i, t, 0);
      }
    }
    nets.add(
        new Nets(
            "masks",
            masked.model,
            new MultiDataSet(
                masked.data.getFeatures(),
                masked.data.getLabels(),
                new INDArray[] {mask},
                new INDArray[] {mask.dup()})));
    nets.add(graph(type));
    return nets;
  }

  static Nets dense(DataType type) {
    return flat(
        "dense",
        type,
        list -> list.layer(dense(6).build()).layer(dense(5).build()).layer(output()));
  }

  static Nets flat(String name, DataType type, Consumer<ListBuilder> layers) {
    return of(
        name,
        type,
        InputType.feedForward(5),
        layers,
        normal(type, RECORDS, 5),
        classes(type, RECORDS, 3));
  }

  static Nets sequence(String name, DataType type, int steps, Consumer<ListBuilder> layers) {
    INDArray labels = Nd4j.zeros(type, RECORDS, 3, steps);
    for (int i = 0; i < RECORDS; i++) {
      for (int t = 0; t < steps; t++) {
        labels.putScalar(new int[] {i, (i + t) % 3, t}, 1);
      }
    }
    return of(
        name, type, InputType.recurrent(3, steps), layers, normal(type, RECORDS, 3, steps), labels);
  }

  private static Nets of(
      String name,
      DataType type,
      InputType input,
      Consumer<ListBuilder> layers,
      INDArray features,
      INDArray labels) {
    ListBuilder list = builder(type).list();
    layers.accept(list);
    MultiLayerNetwork network = new MultiLayerNetwork(list.setInputType(input).build());
    network.init();
    network.params().addi(normal(type, network.params().shape()).muli(0.1));
    return new Nets(name, network, new MultiDataSet(features, labels));
  }

  /** Two inputs and two outputs. */
  private static Nets graph(DataType type) {
    ComputationGraph graph =
        new ComputationGraph(
            builder(type)
                .graphBuilder()
                .addInputs("a", "b")
                .setInputTypes(InputType.feedForward(5), InputType.feedForward(3))
                .addLayer("left", dense(4).build(), "a")
                .addLayer("right", dense(4).build(), "b")
                .addVertex("both", new MergeVertex(), "left", "right")
                .addLayer("classes", output(), "both")
                .addLayer(
                    "values",
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build(),
                    "right")
                .setOutputs("classes", "values")
                .build());
    graph.init();
    return new Nets(
        "graph",
        graph,
        new MultiDataSet(
            new INDArray[] {normal(type, RECORDS, 5), normal(type, RECORDS, 3)},
            new INDArray[] {classes(type, RECORDS, 3), normal(type, RECORDS, 2)}));
  }

  private static NeuralNetConfiguration.Builder builder(DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(11)
        .dataType(type)
        .activation(Activation.TANH)
        .updater(new Sgd(0.1));
  }

  static DenseLayer.Builder dense(int width) {
    return new DenseLayer.Builder().nOut(width);
  }

  static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  static RnnOutputLayer rnnOutput() {
    return new RnnOutputLayer.Builder(LossFunction.MCXENT)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static INDArray tokens(DataType type, int steps) {
    INDArray tokens = Nd4j.create(type, RECORDS, steps);
    for (int i = 0; i < RECORDS; i++) {
      for (int t = 0; t < steps; t++) {
        tokens.putScalar(i, t, (i * i + t * (i + 1)) % 5);
      }
    }
    return tokens;
  }

  static INDArray normal(DataType type, long... shape) {
    INDArray array = Nd4j.create(DataType.DOUBLE, shape);
    Random random = new Random(3);
    for (long i = 0; i < array.length(); i++) {
      array.putScalar(i, random.nextGaussian());
    }
    if (shape[0] == RECORDS) {
      array.slice(2).assign(0);
    }
    return array.castTo(type);
  }

  static INDArray classes(DataType type, int rows, int classes) {
    INDArray labels = Nd4j.zeros(type, rows, classes);
    for (int i = 0; i < rows; i++) {
      labels.putScalar(i, i % classes, 1);
    }
    return labels;
  }
}
