package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.second.Sophia;
import org.dl4jplus.optim.second.Sophia.Estimator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** Sophia beside Adam on a small character model: parity, not the paper's half of the steps. */
final class LanguageHeadline implements Headline {

  private static final int STEPS = 600;
  private static final int BATCH = 128;
  private static final int SEED = 1;

  private final Characters characters = Characters.licence();

  @Override
  public String name() {
    return "language";
  }

  @Override
  public List<Row> measure() {
    DataSet sample = characters.sample();
    double adam = Digits.lowest(rate -> run(new Adam(rate), null, sample), 0.003, 0.01, 0.02);
    return List.of(
        row(adam, "Sophia-G", () -> sophia(Estimator.GNB), sample),
        row(adam, "Sophia-H", () -> sophia(Estimator.HUTCHINSON), sample));
  }

  private static Sophia sophia(Estimator estimator) {
    return Sophia.builder().estimator(estimator).weightDecay(0.0).rho(0.4).gamma(0.05).build();
  }

  private Row row(double adam, String name, Supplier<GradientListener> method, DataSet sample) {
    return Row.ratio(
        "training loss of a character model after 600 steps, best rates",
        "Adam",
        adam,
        name,
        Digits.lowest(rate -> run(new Sgd(rate), method.get(), sample), 0.003, 0.005, 0.008),
        Bar.atMost(1.05));
  }

  private double run(IUpdater updater, GradientListener method, DataSet sample) {
    MultiLayerNetwork network = characters.network(SEED, updater);
    if (method != null) {
      network.setListeners(method);
    }
    Random random = new Random(SEED);
    for (int step = 0; step < STEPS; step++) {
      network.fit(characters.batch(BATCH, random));
    }
    return network.score(sample);
  }
}
