package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** What every loss must pass, on small networks in double precision. */
final class LossChecks {

  private static final int INPUTS = 3;

  private LossChecks() {}

  private static NeuralNetConfiguration.Builder builder(IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(7).dataType(DataType.DOUBLE).updater(updater);
  }

  private static DenseLayer hidden() {
    return new DenseLayer.Builder().nIn(INPUTS).nOut(4).activation(Activation.TANH).build();
  }

  private static OutputLayer output(ILossFunction loss, Activation activation, long width) {
    return new OutputLayer.Builder(loss).nIn(4).nOut((int) width).activation(activation).build();
  }

  private static MultiLayerNetwork network(
      ILossFunction loss, Activation activation, long width, IUpdater updater) {
    MultiLayerConfiguration configuration =
        builder(updater).list().layer(hidden()).layer(output(loss, activation, width)).build();
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    return network;
  }

  private static INDArray inputs(INDArray labels) {
    long rows = labels.size(0);
    return Nd4j.linspace(DataType.DOUBLE, -1, 0.17, rows * INPUTS)
        .reshape(new long[] {rows, INPUTS});
  }

  /** The platform's gradient check in both kinds of network. */
  static void gradients(ILossFunction loss, Activation activation, INDArray labels, INDArray mask) {
    INDArray input = inputs(labels);
    assertTrue(
        GradientCheckUtil.checkGradients(
            new GradientCheckUtil.MLNConfig()
                .net(network(loss, activation, labels.size(1), new NoOp()))
                .input(input)
                .labels(labels)
                .labelMask(mask)));
    ComputationGraphConfiguration configuration =
        builder(new NoOp())
            .graphBuilder()
            .addInputs("in")
            .addLayer("hidden", hidden(), "in")
            .addLayer("out", output(loss, activation, labels.size(1)), "hidden")
            .setOutputs("out")
            .build();
    ComputationGraph graph = new ComputationGraph(configuration);
    graph.init();
    assertTrue(
        GradientCheckUtil.checkGradients(
            new GradientCheckUtil.GraphConfig()
                .net(graph)
                .inputs(new INDArray[] {input})
                .labels(new INDArray[] {labels})
                .labelMask(mask == null ? null : new INDArray[] {mask})));
  }

  /** JSON keeps the loss, and a saved network trains on to the same bits. */
  static void survives(ILossFunction loss, Activation activation, INDArray labels) {
    MultiLayerNetwork network = network(loss, activation, labels.size(1), new Adam(0.01));
    MultiLayerConfiguration configuration = network.getLayerWiseConfigurations();
    assertEquals(configuration, MultiLayerConfiguration.fromJson(configuration.toJson()));
    DataSet data = new DataSet(inputs(labels), labels);
    double start = network.score(data);
    network.fit(data);
    MultiLayerNetwork loaded = reload(network);
    for (int step = 0; step < 5; step++) {
      network.fit(data);
      loaded.fit(data);
    }
    assertArrayEquals(network.params().toDoubleVector(), loaded.params().toDoubleVector());
    assertTrue(network.score(data) < start);
  }

  private static MultiLayerNetwork reload(MultiLayerNetwork network) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ModelSerializer.writeModel(network, bytes, true);
      return ModelSerializer.restoreMultiLayerNetwork(
          new ByteArrayInputStream(bytes.toByteArray()), true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
