package org.dl4jplus.integration.bench;

import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jplus.optim.first.Optim;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a training step of a network is made of: the forward and backward pass, and the updater. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NetworkBenchmark {

  private static final int BATCH = 64;
  private static final int CLASSES = 10;

  /** Name of the updater. */
  @Param(Candidates.BASELINE)
  public String updater;

  /** Sizes of the network's layers without the output layer. */
  @Param("64-64")
  public String layers;

  private MultiLayerNetwork network;
  private INDArray features;
  private INDArray labels;
  private Refill gradient;
  private int iteration;

  /** Makes the network and a gradient. */
  @Setup
  public void create() {
    String[] sizes = layers.split("-");
    ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(1).updater(Candidates.named(updater)).list();
    for (int i = 1; i < sizes.length; i++) {
      list.layer(
          new DenseLayer.Builder()
              .nIn(Integer.parseInt(sizes[i - 1]))
              .nOut(Integer.parseInt(sizes[i]))
              .activation(Activation.RELU)
              .build());
    }
    list.layer(
        new OutputLayer.Builder(LossFunction.MCXENT)
            .nIn(Integer.parseInt(sizes[sizes.length - 1]))
            .nOut(CLASSES)
            .activation(Activation.SOFTMAX)
            .build());
    network = new MultiLayerNetwork(Optim.bind(list.build()));
    network.init();
    features = Nd4j.rand(DataType.FLOAT, BATCH, Integer.parseInt(sizes[0]));
    labels = Nd4j.zeros(DataType.FLOAT, BATCH, CLASSES);
    for (int i = 0; i < BATCH; i++) {
      labels.putScalar(i, i % CLASSES, 1);
    }
    forwardAndBackward();
    gradient = new Refill(network.getFlattenedGradients());
  }

  /** Gives back the gradient that the last update has overwritten. */
  @Setup(Level.Invocation)
  public void refill() {
    gradient.run();
  }

  /**
   * Runs the batch forwards and backwards.
   *
   * @return the gradient
   */
  @Benchmark
  public INDArray forwardAndBackward() {
    network.setInput(features);
    network.setLabels(labels);
    network.computeGradientAndScore();
    return network.getFlattenedGradients();
  }

  /**
   * Runs the updater.
   *
   * @return the update
   */
  @Benchmark
  public INDArray update() {
    network
        .getUpdater()
        .update(
            network, network.gradient(), iteration++, 0, BATCH, LayerWorkspaceMgr.noWorkspaces());
    return network.getFlattenedGradients();
  }
}
