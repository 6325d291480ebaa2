package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.GraBIterator;
import org.dl4jplus.optim.first.GraBIterator.Order;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

/** The order of minibatches in softmax regression, where the optimum is known. */
final class DataOrderHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int EPOCHS = 60;
  private static final int BATCH = 5;
  private static final double RATE = 0.1;
  private static final double L2 = 1e-3;

  @Override
  public String name() {
    return "data-order";
  }

  @Override
  public List<Row> measure() {
    double[] gaps = new double[3];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(1000, seed);
      double optimum = optimum(digits.train());
      gaps[0] += (loss(digits, Order.RANDOM_RESHUFFLE, seed) - optimum) / SEEDS;
      gaps[1] += (loss(digits, Order.GRAB_MEAN, seed) - optimum) / SEEDS;
      gaps[2] += (loss(digits, Order.GRAB, seed) - optimum) / SEEDS;
    }
    String claim = "training loss above the optimum after 60 epochs of softmax regression";
    Bar bar = Bar.atMost(0.5);
    return List.of(
        Row.ratio(claim, "reshuffling", gaps[0], "GraB, mean balance", gaps[1], bar),
        Row.ratio(claim, "reshuffling", gaps[0], "GraB, pair balance", gaps[2], bar));
  }

  private static double loss(Digits digits, Order order, int seed) {
    GraBIterator data = new GraBIterator(digits.batches(BATCH, new Random(seed)), order, seed);
    MultiLayerNetwork network = Digits.network(seed, new Sgd(RATE), L2);
    network.setListeners(data.listener());
    network.fit(data, EPOCHS);
    return network.score(digits.train());
  }

  /** Full-batch descent with momentum until nothing moves. */
  private static double optimum(DataSet all) {
    MultiLayerNetwork network = Digits.network(1, new Nesterovs(0.3, 0.98), L2);
    for (int i = 0; i < 4000; i++) {
      network.fit(all);
    }
    return network.score(all);
  }
}
