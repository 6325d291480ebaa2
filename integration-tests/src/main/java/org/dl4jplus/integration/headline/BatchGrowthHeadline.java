package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.AdaptiveBatchIterator;
import org.dl4jplus.optim.first.AdaptiveBatchListener;
import org.nd4j.linalg.learning.config.AdaGrad;

/** AdaGrad on batches that grow by the norm test, against batches that stay small. */
final class BatchGrowthHeadline implements Headline {

  private static final int SEEDS = 2;
  private static final int EPOCHS = 30;
  private static final int SMALLEST = 8;
  private static final int TRAIN = 1200;
  private static final double[] RATES = {0.1, 0.3, 1};

  /** Steps and test accuracy at the rate with the best accuracy. */
  private record Run(double steps, double accuracy) {}

  @Override
  public String name() {
    return "batch-growth";
  }

  @Override
  public List<Row> measure() {
    Run fixed = best(false);
    Run growing = best(true);
    return List.of(
        Row.ratio(
            "steps of AdaGrad in 30 epochs of softmax regression",
            "batch 8",
            fixed.steps(),
            "AdAdaGrad, eta 2",
            growing.steps(),
            Bar.atMost(0.7)),
        Row.difference(
            "test accuracy of the same runs",
            "batch 8",
            fixed.accuracy(),
            "AdAdaGrad, eta 2",
            growing.accuracy(),
            Bar.atLeast(-0.01)));
  }

  private static Run best(boolean growing) {
    Run best = new Run(0, 0);
    for (double rate : RATES) {
      Run run = new Run(0, 0);
      for (int seed = 1; seed <= SEEDS; seed++) {
        Run one = run(growing, rate, seed);
        run = new Run(run.steps() + one.steps() / SEEDS, run.accuracy() + one.accuracy() / SEEDS);
      }
      best = run.accuracy() > best.accuracy() ? run : best;
    }
    return best;
  }

  private static Run run(boolean growing, double rate, int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    MultiLayerNetwork network = Digits.network(seed, new AdaGrad(rate), 0);
    Random random = new Random(seed);
    int size = SMALLEST;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      AdaptiveBatchIterator batches =
          new AdaptiveBatchIterator(
              new ExistingDataSetIterator(digits.batches(SMALLEST, random)), size);
      if (growing) {
        network.setListeners(
            AdaptiveBatchListener.builder().iterator(batches).eta(2.0).maxBatchSize(TRAIN).build());
      }
      network.fit(batches);
      size = batches.batch();
    }
    return new Run(network.getIterationCount(), digits.accuracy(network));
  }
}
