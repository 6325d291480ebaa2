package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.second.Kfac;
import org.dl4jplus.optim.second.Mkor;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** What Kronecker factors make of the same 150 batches. */
final class KroneckerHeadline implements Headline {

  private static final int STEPS = 150;
  private static final int BATCH = 64;
  private static final int SEEDS = 3;
  private static final double[] ADAM_RATES = {0.001, 0.003, 0.01, 0.03};
  private static final double[] RATES = {0.03, 0.1, 0.3};

  @Override
  public String name() {
    return "kronecker";
  }

  @Override
  public List<Row> measure() {
    double adam = loss(Adam::new, () -> null, ADAM_RATES);
    double momentum = loss(KroneckerHeadline::heavyBall, () -> null, RATES);
    double kfac =
        loss(Sgd::new, () -> Kfac.builder().klClip(0.0).inverseUpdateFrequency(1).build(), RATES);
    double mkor =
        loss(
            KroneckerHeadline::heavyBall,
            () -> Mkor.builder().factorUpdateFrequency(1).build(),
            RATES);
    String claim = "training loss of 64-32-10 after 150 steps of 64, best rate";
    return List.of(
        Row.ratio(claim, "Adam", adam, "K-FAC", kfac, Bar.atMost(0.6)),
        Row.ratio(
            claim, "SGD with momentum", momentum, "the same with MKOR", mkor, Bar.atMost(0.6)));
  }

  private static HeavyBall heavyBall(double rate) {
    return HeavyBall.builder().learningRate(rate).momentum(0.9).build();
  }

  private static double loss(
      DoubleFunction<IUpdater> updater, Supplier<GradientListener> method, double... rates) {
    return Digits.mean(
        SEEDS, seed -> Digits.lowest(rate -> run(seed, updater.apply(rate), method.get()), rates));
  }

  private static double run(int seed, IUpdater updater, GradientListener method) {
    Digits digits = Digits.of(1500, seed);
    MultiLayerNetwork network = Digits.network(seed, updater, 0, 32);
    if (method != null) {
      network.setListeners(method);
    }
    Random random = new Random(seed);
    int step = 0;
    while (step < STEPS) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        if (step++ < STEPS) {
          network.fit(batch);
        }
      }
    }
    network.setListeners();
    return network.score(digits.train());
  }
}
