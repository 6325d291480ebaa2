package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.JacobianDescent;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/** Instance-wise risk minimisation: every example an objective, combined by UPGrad. */
final class ObjectivesHeadline implements Headline {

  private static final int SEEDS = 4;
  private static final int EPOCHS = 8;
  private static final int BATCH = 20;
  private static final double[] RATES = {0.1, 0.2, 0.4, 0.8, 1.6};

  @Override
  public String name() {
    return "objectives";
  }

  @Override
  public List<Row> measure() {
    return List.of(
        Row.ratio(
            "training loss after 8 epochs on 500 digits, best rate",
            "mean (SGD)",
            loss(false),
            "each example, UPGrad",
            loss(true),
            Bar.atMost(0.75)));
  }

  private static double loss(boolean instanceWise) {
    return Digits.lowest(rate -> Digits.mean(SEEDS, s -> run(instanceWise, rate, s)), RATES);
  }

  private static double run(boolean instanceWise, double rate, int seed) {
    Digits digits = Digits.of(500, seed);
    MultiLayerNetwork network = Digits.network(seed, new Sgd(rate), 0, 32, 32);
    if (instanceWise) {
      network.setListeners(new JacobianDescent(Objectives.perExample()));
    }
    Random random = new Random(seed);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        network.fit(batch);
      }
    }
    return network.score(digits.train());
  }
}
