package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.ot.SparseMixtureOfExperts;
import org.dl4jplus.ot.experts.Gates;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** Experts of a mixture: how evenly the tokens are shared, and the accuracy. */
final class ExpertsHeadline implements Headline {

  private static final int SEEDS = 4;
  private static final int EPOCHS = 15;
  private static final int BATCH = 64;
  private static final int WIDTH = 32;
  private static final int CAPACITY = 16;

  @Override
  public String name() {
    return "experts";
  }

  /** With two experts a token, softmax routing has as many results to compute as transport. */
  @Override
  public List<Row> measure() {
    double[][] found = new double[3][2];
    for (int seed = 1; seed <= SEEDS; seed++) {
      add(found[0], run(SparseMixtureOfExperts.Routing.SOFTMAX, 1, seed));
      add(found[1], run(SparseMixtureOfExperts.Routing.SOFTMAX, 2, seed));
      add(found[2], run(SparseMixtureOfExperts.Routing.TRANSPORT, 1, seed));
    }
    List<Row> rows = new ArrayList<>();
    for (int k = 1; k <= 2; k++) {
      String baseline = "softmax top-" + k;
      rows.add(
          Row.ratio(
              "largest load of 8 experts over the capacity of 16, test batches of 64 digits",
              baseline,
              found[k - 1][0],
              "sparse transport",
              found[2][0],
              Bar.atMost(0.67)));
      rows.add(
          Row.difference(
              "test accuracy of the mixture of experts",
              baseline,
              found[k - 1][1],
              "sparse transport",
              found[2][1],
              Bar.atLeast(-0.015)));
    }
    return rows;
  }

  private static void add(double[] sum, double[] run) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += run[i] / SEEDS;
    }
  }

  private static double[] run(
      SparseMixtureOfExperts.Routing routing, int expertsPerToken, int seed) {
    Digits digits = Digits.of(1200, seed);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(3e-3))
                .weightInit(WeightInit.XAVIER)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(Digits.PIXELS)
                        .nOut(WIDTH)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new SparseMixtureOfExperts.Builder()
                        .nIn(WIDTH)
                        .nOut(WIDTH)
                        .capacity(CAPACITY)
                        .routing(routing)
                        .expertsPerToken(expertsPerToken)
                        .unmatched(SparseMixtureOfExperts.Unmatched.IDENTITY)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder()
                        .nIn(WIDTH)
                        .nOut(Digits.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    Random random = new Random(seed);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        network.fit(batch);
      }
    }
    DataSet test = digits.test();
    int batches = test.numExamples() / BATCH;
    double load = 0;
    double right = 0;
    for (int b = 0; b < batches; b++) {
      INDArrayIndex rows = NDArrayIndex.interval(b * BATCH, (b + 1) * BATCH);
      INDArray images = test.getFeatures().get(rows, NDArrayIndex.all());
      INDArray labels = test.getLabels().get(rows, NDArrayIndex.all());
      List<INDArray> activations = network.feedForward(images);
      Gates gates = SparseMixtureOfExperts.gates(network.getLayer(1), activations.get(1), false);
      load += Arrays.stream(gates.loads()).max().orElseThrow() / (double) CAPACITY;
      Evaluation evaluation = new Evaluation(Digits.CLASSES);
      evaluation.eval(labels, activations.get(3));
      right += evaluation.accuracy();
    }
    return new double[] {load / batches, right / batches};
  }
}
