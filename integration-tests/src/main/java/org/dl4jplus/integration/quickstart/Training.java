package org.dl4jplus.integration.quickstart;

import java.util.List;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
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
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The task: a small network on UCI digits. A seed decides the initial weights and the order of the
 * batches, for all methods alike.
 */
final class Training {

  /** Seed 0 is none for the platform: it draws other weights each time. */
  static final List<Integer> SEEDS = List.of(1, 2, 3);

  private static final int EPOCHS = 20;
  private static final int BATCH = 64;
  private static final int PIXELS = 64;
  private static final int HIDDEN = 64;
  private static final int CLASSES = 10;

  private final Split digits = Split.stratified(BundledData.digits(), 0.2, 0);

  String description() {
    return ("A network %d-%d(ReLU)-%d with softmax cross-entropy on UCI digits:"
            + " %d training and %d test images, batches of %d, %d epochs")
        .formatted(
            PIXELS,
            HIDDEN,
            CLASSES,
            digits.train().numExamples(),
            digits.test().numExamples(),
            BATCH,
            EPOCHS);
  }

  /** Steps of a run. */
  int steps() {
    return EPOCHS * ((digits.train().numExamples() + BATCH - 1) / BATCH);
  }

  /** Runs a method at one learning rate with every seed. */
  Outcome outcome(Method method, double rate) {
    return new Outcome(rate, SEEDS.stream().map(seed -> run(method, rate, seed)).toList());
  }

  /** Runs a method at one learning rate with one seed. */
  Run run(Method method, double rate, int seed) {
    MultiLayerNetwork network = network(method, rate, seed);
    double[] losses = new double[EPOCHS + 1];
    double[] seconds = new double[EPOCHS];
    losses[0] = network.score(digits.train());
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      List<DataSet> batches = digits.batches(BATCH, (long) seed * EPOCHS + epoch);
      long start = System.nanoTime();
      network.fit(new ExistingDataSetIterator(batches));
      seconds[epoch] = (System.nanoTime() - start) / 1e9;
      losses[epoch + 1] = network.score(digits.train());
    }
    return new Run(losses, accuracy(network), seconds);
  }

  private static MultiLayerNetwork network(Method method, double rate, int seed) {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .updater(method.updater().apply(rate))
            .weightInit(WeightInit.XAVIER)
            .list()
            .layer(
                new DenseLayer.Builder()
                    .nIn(PIXELS)
                    .nOut(HIDDEN)
                    .activation(Activation.RELU)
                    .build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(HIDDEN)
                    .nOut(CLASSES)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(Optim.bind(configuration));
    network.init();
    network.setListeners(method.listeners());
    return network;
  }

  private double accuracy(MultiLayerNetwork network) {
    int[] answers = network.predict(digits.test().getFeatures());
    INDArray truth = digits.test().getLabels().argMax(1);
    int right = 0;
    for (int i = 0; i < answers.length; i++) {
      right += answers[i] == truth.getInt(i) ? 1 : 0;
    }
    return (double) right / answers.length;
  }
}
