package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.TanSimulator;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * A private run of softmax regression on digits, simulated with an eighth of the gradients, and
 * what smaller batches come to without the simulation's rule.
 */
final class TanHeadline implements Headline {

  private static final int SEEDS = 5;
  private static final int TRAIN = 1400;
  private static final double SMALLER = 100;

  private static final DpConfig RUN =
      DpConfig.builder().expectedBatchSize(800.0).noiseMultiplier(20.0).steps(200).build();

  @Override
  public String name() {
    return "tan";
  }

  @Override
  public List<Row> measure() {
    DpConfig simulated = TanSimulator.of(RUN, TRAIN).simulateAt(SMALLER);
    List<Row> rows = new ArrayList<>();
    for (double rate : new double[] {0.5, 2, 8}) {
      double real = Digits.mean(SEEDS, seed -> accuracy(RUN, rate, seed));
      double simulation = Digits.mean(SEEDS, seed -> accuracy(simulated, rate, seed));
      rows.add(
          new Row(
              String.format(
                  Locale.ROOT,
                  "TanSimulator at learning rate %s: accuracy, difference without sign",
                  rate),
              "batch 800, sigma 20",
              real,
              "batch 100, sigma 2.5",
              simulation,
              "difference",
              Math.abs(simulation - real),
              Bar.atMost(0.02)));
    }
    DpConfig naive = RUN.toBuilder().expectedBatchSize(SMALLER).build();
    rows.add(
        Row.difference(
            "Smaller batches with the same sigma, learning rate 2: accuracy",
            "batch 800, sigma 20",
            rows.get(1).baselineValue(),
            "batch 100, sigma 20",
            Digits.mean(SEEDS, seed -> accuracy(naive, 2, seed)),
            Bar.NONE));
    return rows;
  }

  private static double accuracy(DpConfig config, double rate, int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    MultiLayerNetwork network = Digits.network(seed, new Sgd(rate), 0);
    try (DpTrainer trainer = DpTrainer.attach(network, config, digits.train())) {
      trainer.fit();
    }
    return digits.accuracy(network);
  }
}
