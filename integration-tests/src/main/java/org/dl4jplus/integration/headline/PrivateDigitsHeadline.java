package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.gradient.Clipping;
import org.nd4j.linalg.learning.config.Nesterovs;

/** What privacy at epsilon = 3, delta = 1e-4 costs a network on digits, with two ways to clip. */
final class PrivateDigitsHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int TRAIN = 1400;
  private static final int STEPS = 200;

  @Override
  public String name() {
    return "private-digits";
  }

  @Override
  public List<Row> measure() {
    double open = Digits.mean(SEEDS, PrivateDigitsHeadline::open);
    List<Row> rows = new ArrayList<>();
    for (Clipping clipping : List.of(Clipping.FLAT, Clipping.AUTO_S)) {
      rows.add(
          Row.ratio(
              "DP-SGD with clipping " + clipping + ", epsilon 3, delta 1e-4: accuracy",
              "not private",
              open,
              "private",
              Digits.mean(SEEDS, seed -> hidden(clipping, seed)),
              Bar.atLeast(0.9)));
    }
    return rows;
  }

  private static MultiLayerNetwork network(int seed) {
    return Digits.network(seed, new Nesterovs(0.3, 0.9), 0, 32);
  }

  private static double open(int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    MultiLayerNetwork network = network(seed);
    for (int i = 0; i < STEPS; i++) {
      network.fit(digits.train());
    }
    return digits.accuracy(network);
  }

  private static double hidden(Clipping clipping, int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    MultiLayerNetwork network = network(seed);
    DpConfig config =
        DpConfig.builder()
            .clipping(clipping)
            .samplingRate(1.0)
            .steps(STEPS)
            .targetEpsilon(3.0)
            .targetDelta(1e-4)
            .build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, digits.train())) {
      trainer.fit();
    }
    return digits.accuracy(network);
  }
}
