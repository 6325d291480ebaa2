package org.dl4jplus.integration.quickstart;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.integration.data.Split;
import org.dl4jplus.optim.first.Optim;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The task: a small network on UCI digits. A seed decides the initial weights and the order of the
 * batches, for all methods alike.
 */
final class Training {

  static final int EPOCHS = 20;
  static final int SEEDS = 3;

  private static final int BATCH = 64;
  private static final int HIDDEN = 64;

  private final Split digits = Split.stratified(BundledData.digits(), 0.2, 0);
  private final List<List<List<DataSet>>> batches = new ArrayList<>();

  Training() {
    for (int seed = 1; seed <= SEEDS; seed++) {
      List<List<DataSet>> epochs = new ArrayList<>();
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        epochs.add(digits.batches(BATCH, (long) seed * EPOCHS + epoch));
      }
      batches.add(epochs);
    }
  }

  String description() {
    return "MLP 64-%d(ReLU)-10, softmax cross-entropy, on UCI digits: %d training and %d test images, batches of %d, %d epochs"
        .formatted(
            HIDDEN, digits.train().numExamples(), digits.test().numExamples(), BATCH, EPOCHS);
  }

  int steps() {
    return EPOCHS * batches.get(0).get(0).size();
  }

  Outcome outcome(Method method, double rate) {
    List<Run> runs = new ArrayList<>();
    for (int seed = 1; seed <= SEEDS; seed++) {
      runs.add(run(method, rate, seed));
    }
    return new Outcome(method, rate, runs);
  }

  private Run run(Method method, double rate, int seed) {
    MultiLayerNetwork net = network(method.updater().apply(rate), seed);
    // Evaluated beside the network in training, so that evaluating changes nothing in it.
    MultiLayerNetwork evaluated = network(method.updater().apply(rate), seed);
    double[] losses = new double[EPOCHS + 1];
    losses[0] = evaluated.score(digits.train());
    long nanos = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      long start = System.nanoTime();
      for (DataSet batch : batches.get(seed - 1).get(epoch)) {
        net.fit(batch);
      }
      nanos += System.nanoTime() - start;
      evaluated.setParams(method.solution().apply(net));
      losses[epoch + 1] = evaluated.score(digits.train());
    }
    return new Run(losses, accuracy(evaluated), nanos / 1e9);
  }

  private static MultiLayerNetwork network(IUpdater updater, long seed) {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(updater)
            .weightInit(WeightInit.XAVIER)
            .list()
            .layer(
                new DenseLayer.Builder().nIn(64).nOut(HIDDEN).activation(Activation.RELU).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(HIDDEN)
                    .nOut(10)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(Optim.bind(configuration));
    network.init();
    return network;
  }

  private double accuracy(MultiLayerNetwork network) {
    INDArray answers = network.output(digits.test().getFeatures()).argMax(1);
    INDArray truth = digits.test().getLabels().argMax(1);
    return answers
        .eq(truth)
        .castTo(digits.test().getFeatures().dataType())
        .meanNumber()
        .doubleValue();
  }
}
