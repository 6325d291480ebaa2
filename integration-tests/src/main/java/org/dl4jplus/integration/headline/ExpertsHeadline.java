package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.ot.SparseMixtureOfExperts;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** Experts of a mixture: how evenly the tokens are shared, and the accuracy. */
final class ExpertsHeadline implements Headline {

  private static final int SEEDS = 4;
  private static final int EPOCHS = 30;
  private static final int BATCH = 64;
  private static final int EXPERTS = 8;

  @Override
  public String name() {
    return "experts";
  }

  @Override
  public List<Row> measure() {
    double[][] found = new double[2][2];
    for (int seed = 1; seed <= SEEDS; seed++) {
      add(found[0], run(SparseMixtureOfExperts.Routing.SOFTMAX, seed));
      add(found[1], run(SparseMixtureOfExperts.Routing.TRANSPORT, seed));
    }
    return List.of(
        Row.ratio(
            "largest load of 8 experts over the equal share, test batches of 64 digits",
            "softmax top-1",
            found[0][0],
            "sparse transport",
            found[1][0],
            Bar.atMost(0.67)),
        Row.difference(
            "test accuracy of the mixtures of experts",
            "softmax top-1",
            found[0][1],
            "sparse transport",
            found[1][1],
            Bar.atLeast(-0.01)));
  }

  private static void add(double[] sum, double[] run) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += run[i] / SEEDS;
    }
  }

  private static double[] run(SparseMixtureOfExperts.Routing routing, int seed) {
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
                    new SparseMixtureOfExperts.Builder()
                        .nIn(Digits.PIXELS)
                        .nOut(32)
                        .numExperts(EXPERTS)
                        .capacity(BATCH / EXPERTS)
                        .routing(routing)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder()
                        .nIn(32)
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
    INDArray test = digits.test().getFeatures();
    int batches = (int) test.size(0) / BATCH;
    double ratio = 0;
    for (int b = 0; b < batches; b++) {
      INDArray batch =
          test.get(NDArrayIndex.interval(b * BATCH, (b + 1) * BATCH), NDArrayIndex.all());
      ratio += SparseMixtureOfExperts.gates(network.getLayer(0), batch, false).loadRatio();
    }
    return new double[] {ratio / batches, digits.accuracy(network)};
  }
}
