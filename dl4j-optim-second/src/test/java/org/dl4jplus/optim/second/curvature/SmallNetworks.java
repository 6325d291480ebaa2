package org.dl4jplus.optim.second.curvature;

import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** Small tanh networks and data. */
public final class SmallNetworks {

  private SmallNetworks() {}

  /** A configuration to begin with. */
  public static NeuralNetConfiguration.Builder builder(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(12)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(updater);
  }

  /** An output layer. */
  public static OutputLayer output(ILossFunction loss, Activation activation, int in, int out) {
    return new OutputLayer.Builder(loss).nIn(in).nOut(out).activation(activation).build();
  }

  /** Layers in a row. */
  public static MultiLayerNetwork network(NeuralNetConfiguration.Builder builder, Layer... layers) {
    NeuralNetConfiguration.ListBuilder list = builder.list();
    for (Layer layer : layers) {
      list.layer(layer);
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }

  /** 3-4-outputs. */
  public static MultiLayerNetwork tanh(
      IUpdater updater, ILossFunction loss, Activation activation, int outputs) {
    return network(
        builder(updater),
        new DenseLayer.Builder().nIn(3).nOut(4).build(),
        output(loss, activation, 4, outputs));
  }

  /** 3-4-outputs as a graph. */
  public static ComputationGraph graph(
      IUpdater updater, ILossFunction loss, Activation activation, int outputs) {
    ComputationGraph graph =
        new ComputationGraph(
            builder(updater)
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(3).nOut(4).build(), "in")
                .addLayer("out", output(loss, activation, 4, outputs), "dense")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  /** Outputs before their activation that are linear in the parameters. */
  public static MultiLayerNetwork linear(
      ILossFunction loss, Activation activation, int outputs, double learningRate) {
    return network(builder(new Sgd(learningRate)), output(loss, activation, 3, outputs));
  }

  /** Examples with labels in classes. */
  public static DataSet classes(int examples, int outputs, long seed) {
    Random random = new Random(seed);
    double[][] labels = new double[examples][outputs];
    for (double[] label : labels) {
      label[random.nextInt(outputs)] = 1;
    }
    return new DataSet(inputs(examples, random), Nd4j.createFromArray(labels));
  }

  /** Examples with labels that are numbers. */
  public static DataSet numbers(int examples, int outputs, long seed) {
    Random random = new Random(seed);
    INDArray inputs = inputs(examples, random);
    double[][] labels = new double[examples][outputs];
    for (double[] label : labels) {
      for (int j = 0; j < outputs; j++) {
        label[j] = random.nextGaussian();
      }
    }
    return new DataSet(inputs, Nd4j.createFromArray(labels));
  }

  private static INDArray inputs(int examples, Random random) {
    double[][] inputs = new double[examples][3];
    for (double[] input : inputs) {
      for (int j = 0; j < 3; j++) {
        input[j] = random.nextGaussian();
      }
    }
    return Nd4j.createFromArray(inputs);
  }

  /** A network on its batch. */
  public static ModelOracle oracle(Model model, DataSet data) {
    if (model instanceof MultiLayerNetwork network) {
      network.setInput(data.getFeatures());
      network.setLabels(data.getLabels());
    } else {
      ((ComputationGraph) model).setInputs(data.getFeatures());
      ((ComputationGraph) model).setLabels(data.getLabels());
    }
    return new ModelOracle(model);
  }

  /** The gradient of a network's mean loss, without penalties. */
  public static INDArray gradient(Model model, DataSet data) {
    ModelOracle oracle = oracle(model, data);
    INDArray gradient = oracle.parameters().ulike();
    oracle.lossAndGradient(oracle.parameters().dup(), gradient);
    oracle.restore();
    return gradient;
  }

  /** Numbers of variance 1. */
  public static INDArray vector(long size, long seed) {
    Random random = new Random(seed);
    double[] values = new double[(int) size];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    return Nd4j.createFromArray(values);
  }
}
