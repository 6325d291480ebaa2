package org.dl4jplus.optim.zeroth;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.offload.Chain;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Configuration of a network of one of the platform's two kinds; that of the other kind is null.
 */
record Architecture(MultiLayerConfiguration layers, ComputationGraphConfiguration graph) {

  private static final String LAYERS_FILE = "network.json";
  private static final String GRAPH_FILE = "graph.json";

  static Architecture of(MultiLayerConfiguration configuration) {
    return new Architecture(configuration.clone(), null);
  }

  static Architecture of(ComputationGraphConfiguration configuration) {
    return new Architecture(null, configuration.clone());
  }

  /** Reads what {@link #json} wrote; null for a file of another name. */
  static Architecture read(String fileName, String json) {
    return switch (fileName) {
      case LAYERS_FILE -> new Architecture(MultiLayerConfiguration.fromJson(json), null);
      case GRAPH_FILE -> new Architecture(null, ComputationGraphConfiguration.fromJson(json));
      default -> null;
    };
  }

  String fileName() {
    return layers != null ? LAYERS_FILE : GRAPH_FILE;
  }

  String json() {
    return layers != null ? layers.toJson() : graph.toJson();
  }

  Chain chain() {
    return layers != null ? Chain.of(layers) : Chain.of(graph);
  }

  MultiLayerNetwork network(INDArray parameters, int iteration, int epoch) {
    MultiLayerConfiguration configuration = layers.clone();
    configuration.setIterationCount(iteration);
    configuration.setEpochCount(epoch);
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init(parameters, false);
    return network;
  }

  ComputationGraph graph(INDArray parameters, int iteration, int epoch) {
    ComputationGraphConfiguration configuration = graph.clone();
    configuration.setIterationCount(iteration);
    configuration.setEpochCount(epoch);
    ComputationGraph network = new ComputationGraph(configuration);
    network.init(parameters, false);
    return network;
  }
}
