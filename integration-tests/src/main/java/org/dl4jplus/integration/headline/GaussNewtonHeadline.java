package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.optim.second.Egn;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Exact Gauss-Newton on its best case, a regression with one output, per iteration. */
final class GaussNewtonHeadline implements Headline {

  private static final int STEPS = 200;
  private static final int BATCH = 64;
  private static final int SEEDS = 3;
  private static final double[] RATES = {0.003, 0.01, 0.03, 0.1};

  @Override
  public String name() {
    return "gauss-newton";
  }

  @Override
  public List<Row> measure() {
    double adam =
        Digits.mean(SEEDS, seed -> Digits.lowest(r -> run(new Adam(r), null, seed), RATES));
    double egn = Digits.mean(SEEDS, seed -> run(new Sgd(1), new Egn(0.01), seed));
    return List.of(
        Row.ratio(
            "training loss after 200 steps of a regression on a teacher network",
            "Adam, best rate",
            adam,
            "exact Gauss-Newton",
            egn,
            Bar.atMost(0.3)));
  }

  private static double run(IUpdater updater, Egn egn, int seed) {
    DataSet data = data(seed);
    MultiLayerNetwork network = network(seed, updater, 32);
    if (egn != null) {
      network.setListeners(egn);
    }
    Random random = new Random(seed);
    int step = 0;
    while (step < STEPS) {
      List<Integer> order = Digits.shuffled(data.numExamples(), random);
      for (int from = 0; from + BATCH <= order.size() && step < STEPS; from += BATCH) {
        network.fit(Digits.rows(data, order.subList(from, from + BATCH)));
        step++;
      }
    }
    return network.score(data);
  }

  /** Twice what a fixed network makes of the patients' measurements. */
  private static DataSet data(int seed) {
    DataSet data = BundledData.diabetes();
    NormalizerStandardize standard = new NormalizerStandardize();
    standard.fit(data);
    standard.transform(data);
    INDArray inputs = data.getFeatures().castTo(DataType.DOUBLE);
    return new DataSet(inputs, network(100 + seed, new Sgd(0), 8).output(inputs).muli(2));
  }

  private static MultiLayerNetwork network(int seed, IUpdater updater, int width) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .weightInit(WeightInit.XAVIER)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(10)
                        .nOut(width)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(width)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    return network;
  }
}
