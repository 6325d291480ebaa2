package org.dl4jplus.integration.contract;

import java.io.File;
import java.io.IOException;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.Optim;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/** A network of either kind under one name for what the contracts do with it. */
final class Net {

  private final Topology topology;
  private final DataType type;
  private final Model model;

  private Net(Topology topology, DataType type, Model model) {
    this.topology = topology;
    this.type = type;
    this.model = model;
  }

  /** A fresh network whose configuration has been bound. */
  static Net bound(Case c, Topology topology, DataType type) {
    return bound(c, c.updater(), topology, type);
  }

  /** A fresh network with another setting of the case's updater. */
  static Net bound(Case c, IUpdater updater, Topology topology, DataType type) {
    Model model;
    if (topology.isGraph()) {
      ComputationGraph graph = new ComputationGraph(Optim.bind(topology.graph(updater, type)));
      graph.init();
      model = graph;
    } else {
      MultiLayerNetwork net = new MultiLayerNetwork(Optim.bind(topology.layers(updater, type)));
      net.init();
      model = net;
    }
    if (Variants.ON_SIMPLEX.contains(c.prototype().getClass().getSimpleName())) {
      for (Map.Entry<String, INDArray> variable : model.paramTable().entrySet()) {
        if (!variable.getKey().endsWith("mean") && !variable.getKey().endsWith("var")) {
          Numbers.toProbabilities(variable.getValue());
        }
      }
    }
    return new Net(topology, type, model);
  }

  /** A fresh network whose updater has not been told what it may need. */
  static void initAndFitUnbound(Case c, Topology topology, DataType type) {
    if (topology.isGraph()) {
      ComputationGraph graph = new ComputationGraph(topology.graph(c.updater(), type));
      graph.init();
      graph.fit(topology.data(type, 0));
    } else {
      MultiLayerNetwork net = new MultiLayerNetwork(topology.layers(c.updater(), type));
      net.init();
      net.fit(topology.data(type, 0));
    }
  }

  Model model() {
    return model;
  }

  /** Takes a step on a minibatch and returns the loss before it. */
  double fit(int seed) {
    if (model instanceof ComputationGraph graph) {
      graph.fit(topology.data(type, seed));
    } else {
      ((MultiLayerNetwork) model).fit(topology.data(type, seed));
    }
    return model.score();
  }

  /** Takes steps on changing minibatches. */
  void fit(int from, int to) {
    for (int i = from; i < to; i++) {
      fit(i);
    }
  }

  void setLearningRate(double rate) {
    if (model instanceof ComputationGraph graph) {
      graph.setLearningRate(rate);
    } else {
      ((MultiLayerNetwork) model).setLearningRate(rate);
    }
  }

  double[] parameters() {
    return Numbers.of(model.params());
  }

  double[] state() {
    return Numbers.of(
        model instanceof ComputationGraph graph
            ? graph.getUpdater().getStateViewArray()
            : ((MultiLayerNetwork) model).getUpdater().getStateViewArray());
  }

  void save(File file) throws IOException {
    ModelSerializer.writeModel(model, file, true);
  }

  Net load(File file) throws IOException {
    return new Net(
        topology,
        type,
        topology.isGraph()
            ? ModelSerializer.restoreComputationGraph(file, true)
            : ModelSerializer.restoreMultiLayerNetwork(file, true));
  }
}
