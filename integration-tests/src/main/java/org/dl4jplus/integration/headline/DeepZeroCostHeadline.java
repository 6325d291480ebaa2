package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.train.ForwardTails;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/** What DeepZero saves by features that are used again, and by threads. */
final class DeepZeroCostHeadline implements Headline {

  private static final int BATCH = 128;
  private static final int RUNS = 5;

  /** Every so many coordinates are asked, in all layers alike. */
  private static final int STRIDE = 16;

  @Override
  public String name() {
    return "deepzero-cost";
  }

  @Override
  public List<Row> measure() {
    DataSet batch = Digits.of(1000, 1).batches(BATCH, new Random(1)).get(0);
    MultiLayerNetwork network = Digits.network(1, new Sgd(0.1), 0, 64, 64, 64, 64, 64);
    int[] coordinates =
        IntStream.range(0, (int) network.numParams() / STRIDE).map(i -> i * STRIDE).toArray();
    ForwardTails[] ways = {
      new ForwardTails(network, 1, false),
      new ForwardTails(network, 1, true),
      new ForwardTails(network, 2, true)
    };
    double[] best = {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
    // In turns, so that what else the machine does meets all alike.
    for (int run = 0; run < RUNS; run++) {
      for (int w = 0; w < ways.length; w++) {
        long start = System.nanoTime();
        ways[w].losses(network.params(), batch.getFeatures(), batch.getLabels(), coordinates, 1e-4);
        best[w] = Math.min(best[w], (System.nanoTime() - start) / 1e9);
      }
    }
    String claim = "seconds of an estimate, digits 64-64x5-10, batch " + BATCH;
    return List.of(
        Row.ratio(claim, "from the input", best[0], "features reused", best[1], Bar.atMost(0.8)),
        Row.ratio(claim, "one thread", best[1], "two threads", best[2], Bar.NONE));
  }
}
