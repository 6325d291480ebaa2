package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * What holds for every layer and loss in a network, of layers and as a graph.
 *
 * @param type of the input
 * @param layers in order, the last one with a loss
 */
record NetworkChecks(InputType type, Layer... layers) {

  /** Of central differences of 1e-6 in double precision. */
  private static final double MAX_RELATIVE_ERROR = 1e-4;

  MultiLayerNetwork network(DataType precision, IUpdater updater) {
    MultiLayerNetwork net = new MultiLayerNetwork(configuration(precision, updater));
    net.init();
    return net;
  }

  private MultiLayerConfiguration configuration(DataType precision, IUpdater updater) {
    NeuralNetConfiguration.ListBuilder list = base(precision, updater).list();
    for (Layer layer : layers) {
      list.layer(layer.clone());
    }
    return list.setInputType(type).build();
  }

  private static NeuralNetConfiguration.Builder base(DataType precision, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(11).dataType(precision).updater(updater);
  }

  ComputationGraph graph(DataType precision, IUpdater updater) {
    ComputationGraphConfiguration.GraphBuilder builder =
        base(precision, updater).graphBuilder().addInputs("in");
    String below = "in";
    for (int i = 0; i < layers.length; i++) {
      builder.addLayer("layer" + i, layers[i].clone(), below);
      below = "layer" + i;
    }
    ComputationGraph graph =
        new ComputationGraph(builder.setOutputs(below).setInputTypes(type).build());
    graph.init();
    return graph;
  }

  /** DL4J's gradient check in both kinds of networks; the data may have masks. */
  NetworkChecks gradients(DataSet data) {
    return gradients(data, Set.of());
  }

  /** The same without some parameters, by their names in both networks. */
  NetworkChecks gradients(DataSet data, Set<String> without) {
    DataType before = Nd4j.defaultFloatingPointType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      INDArray features = data.getFeatures().castTo(DataType.DOUBLE);
      INDArray labels = data.getLabels().castTo(DataType.DOUBLE);
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.MLNConfig()
                  .net(network(DataType.DOUBLE, new NoOp()))
                  .input(features)
                  .labels(labels)
                  .inputMask(doubles(data.getFeaturesMaskArray()))
                  .labelMask(doubles(data.getLabelsMaskArray()))
                  .excludeParams(without)
                  .maxRelError(MAX_RELATIVE_ERROR)),
          "gradients of the network");
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.GraphConfig()
                  .net(graph(DataType.DOUBLE, new NoOp()))
                  .inputs(new INDArray[] {features})
                  .labels(new INDArray[] {labels})
                  .inputMask(array(data.getFeaturesMaskArray()))
                  .labelMask(array(data.getLabelsMaskArray()))
                  .excludeParams(without)
                  .maxRelError(MAX_RELATIVE_ERROR)),
          "gradients of the graph");
    } finally {
      Nd4j.setDefaultDataTypes(before, before);
    }
    return this;
  }

  private static INDArray doubles(INDArray mask) {
    return mask == null ? null : mask.castTo(DataType.DOUBLE);
  }

  private static INDArray[] array(INDArray mask) {
    return mask == null ? null : new INDArray[] {doubles(mask)};
  }

  /** JSON, saving and loading, training on to the same bits, and a graph that agrees. */
  NetworkChecks persistence(DataSet data) {
    MultiLayerNetwork net = network(DataType.FLOAT, new Adam(0.01));
    MultiLayerConfiguration conf = net.getLayerWiseConfigurations();
    assertEquals(conf, MultiLayerConfiguration.fromJson(conf.toJson()), "JSON");
    assertEquals(conf, conf.clone(), "clone");
    INDArray start = net.params().dup();
    ComputationGraph graph = graph(DataType.FLOAT, new Adam(0.01));
    graph.setParams(start);
    ComputationGraphConfiguration graphConf = graph.getConfiguration();
    assertEquals(graphConf, ComputationGraphConfiguration.fromJson(graphConf.toJson()), "JSON");
    net.fit(data);
    graph.fit(data);
    assertNotEquals(start, net.params(), "the network does not train");
    assertArrayEquals(
        net.params().toDoubleVector(), graph.params().toDoubleVector(), "network and graph differ");
    MultiLayerNetwork read = copy(net);
    assertEquals(net.output(data.getFeatures()), read.output(data.getFeatures()), "loaded");
    net.fit(data);
    read.fit(data);
    assertArrayEquals(
        net.params().toDoubleVector(), read.params().toDoubleVector(), "trained on after loading");
    assertArrayEquals(
        net.params().toDoubleVector(),
        net.clone().params().toDoubleVector(),
        "clone of the network");
    return this;
  }

  private static MultiLayerNetwork copy(MultiLayerNetwork net) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ModelSerializer.writeModel(net, bytes, true);
      return ModelSerializer.restoreMultiLayerNetwork(
          new ByteArrayInputStream(bytes.toByteArray()), true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
