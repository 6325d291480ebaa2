package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.TargetSurrogateTrainer;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/** What 200 gradients of the loss bring when each is used for several steps. */
final class SurrogateHeadline implements Headline {

  private static final int SEEDS = 2;
  private static final int CALLS = 200;
  private static final int BATCH = 100;

  @Override
  public String name() {
    return "surrogate";
  }

  @Override
  public List<Row> measure() {
    double descent =
        Digits.lowest(rate -> Digits.mean(SEEDS, seed -> descent(rate, seed)), 0.3, 1, 2, 3, 5);
    String claim = "training loss of softmax regression after 200 loss gradients, best rate";
    return List.of(
        Row.ratio(claim, "SGD", descent, "SSO, 5 inner steps", surrogate(5), Bar.atMost(1)),
        Row.ratio(claim, "SGD", descent, "SSO, 20 inner steps", surrogate(20), Bar.atMost(0.5)));
  }

  private static double surrogate(int innerSteps) {
    return Digits.lowest(
        eta -> Digits.mean(SEEDS, seed -> surrogate(innerSteps, eta, seed)), 1, 3, 10, 30);
  }

  private static List<DataSet> batches(Digits digits, int seed) {
    Random random = new Random(seed);
    List<DataSet> batches = new ArrayList<>();
    while (batches.size() < CALLS) {
      batches.addAll(digits.batches(BATCH, random));
    }
    return batches.subList(0, CALLS);
  }

  private static double descent(double rate, int seed) {
    Digits digits = Digits.of(1000, seed);
    MultiLayerNetwork network = Digits.network(seed, new Sgd(rate), 0);
    batches(digits, seed).forEach(network::fit);
    return network.score(digits.train());
  }

  private static double surrogate(int innerSteps, double eta, int seed) {
    Digits digits = Digits.of(1000, seed);
    MultiLayerNetwork network = Digits.network(seed, new Sgd(1), 0);
    TargetSurrogateTrainer.builder()
        .eta(eta)
        .innerSteps(innerSteps)
        .batchesPerEpoch(10)
        .build()
        .fit(network, new ExistingDataSetIterator(batches(digits, seed)));
    return network.score(digits.train());
  }
}
