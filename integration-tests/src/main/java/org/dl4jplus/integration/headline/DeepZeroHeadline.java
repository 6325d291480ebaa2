package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.DeepZero;
import org.dl4jplus.optim.zeroth.EstimatedGradient;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.dl4jplus.optim.zeroth.ZerothOrderMethod;
import org.dl4jplus.optim.zeroth.estimate.Difference;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient.Kind;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Coordinate-wise against random estimates. The bar is for rates up to 60, where random directions
 * are still short of their best; the second row shows how near they come beyond.
 */
final class DeepZeroHeadline implements Headline {

  private static final int SEEDS = 2;
  private static final int STEPS = 60;
  private static final int BATCH = 128;
  private static final double[] RANDOM_RATES = {5, 20, 60, 300};

  /** Rates up to here are those of the comparison that the bar is from. */
  private static final double USUAL = 60;

  @Override
  public String name() {
    return "deepzero";
  }

  @Override
  public List<Row> measure() {
    double coordinates = 0;
    double usual = 0;
    double wide = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(1400, seed);
      DeepZero method =
          DeepZero.builder()
              .learningRate(0.5)
              .momentum(0.0)
              .weightDecay(0.0)
              .warmupEpochs(0)
              .stepSize(1e-4)
              .build();
      coordinates += error(digits, seed, method) / SEEDS;
      double best = 1;
      double bestUsual = 1;
      for (double rate : RANDOM_RATES) {
        double error = error(digits, seed, random(rate));
        best = Math.min(best, error);
        bestUsual = rate <= USUAL ? Math.min(bestUsual, error) : bestUsual;
      }
      usual += bestUsual / SEEDS;
      wide += best / SEEDS;
    }
    String claim = "test error after 60 steps, digits 64-16-10, 1211 losses a step";
    return List.of(
        Row.ratio(
            claim,
            "random directions, best rate of 5, 20, 60",
            usual,
            "coordinates",
            coordinates,
            Bar.atMost(1 / 1.8)),
        Row.ratio(
            claim,
            "random directions, best rate of 5, 20, 60, 300",
            wide,
            "coordinates",
            coordinates,
            Bar.NONE));
  }

  /** One loss at the point and one for each of as many directions as there are parameters. */
  private static ZerothOrderMethod random(double rate) {
    return EstimatedGradient.builder()
        .estimator(
            RandomizedGradient.builder()
                .directions(Kind.SPHERE)
                .difference(Difference.FORWARD)
                .queries(1210)
                .scaled(false)
                .build())
        .updater(new Sgd(rate))
        .mu(1e-4)
        .build();
  }

  private static double error(Digits digits, int seed, ZerothOrderMethod method) {
    MultiLayerNetwork network = Digits.network(seed, new Sgd(0.1), 0, 16);
    ZerothOrder.attach(network, method);
    Random random = new Random(seed);
    int steps = 0;
    while (steps < STEPS) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        if (steps++ < STEPS) {
          network.fit(batch);
        }
      }
    }
    return 1 - digits.accuracy(network);
  }
}
