package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.second.AdaHessian;
import org.dl4jplus.optim.second.Sophia;
import org.dl4jplus.optim.second.Sophia.Estimator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** What a step of AdaHessian and Sophia costs in gradients, and the loss that it reaches. */
final class DiagonalCostHeadline implements Headline {

  private static final int STEPS = 150;
  private static final int BATCH = 64;
  private static final int SEEDS = 2;

  @Override
  public String name() {
    return "diagonal-cost";
  }

  @Override
  public List<Row> measure() {
    double adam =
        Digits.mean(
            SEEDS,
            seed ->
                Digits.lowest(
                    rate -> train(seed, new Adam(rate), null).loss(), 0.001, 0.003, 0.01, 0.03));
    return List.of(
        cost("AdaHessian", new AdaHessian(), 3),
        cost(
            "AdaHessian, every 5 steps",
            AdaHessian.builder().hessianUpdateFrequency(5).build(),
            1.4),
        cost("Sophia-G", new Sophia(), 1.1),
        cost("Sophia-H", Sophia.builder().estimator(Estimator.HUTCHINSON).build(), 1.2),
        loss(adam, "AdaHessian", AdaHessian::new, 0.05, 0.15, 0.5),
        loss(adam, "Sophia-G", () -> sophia(Estimator.GNB), 0.003, 0.01, 0.03),
        loss(adam, "Sophia-H", () -> sophia(Estimator.HUTCHINSON), 0.003, 0.01, 0.03));
  }

  private static Sophia sophia(Estimator estimator) {
    return Sophia.builder().estimator(estimator).weightDecay(0.0).gamma(0.05).rho(0.4).build();
  }

  private record Run(double loss, double gradientsPerStep) {}

  private static Row cost(String name, GradientListener method, double bar) {
    return Row.ratio(
        "gradients a step, counted over 150 steps on digits",
        "plain",
        1,
        name,
        train(1, new Sgd(1e-3), method).gradientsPerStep(),
        Bar.atMost(bar));
  }

  private static Row loss(
      double adam, String name, Supplier<GradientListener> method, double... rates) {
    double found =
        Digits.mean(
            SEEDS,
            seed -> Digits.lowest(rate -> train(seed, new Sgd(rate), method.get()).loss(), rates));
    return Row.ratio(
        "training loss after 150 steps of 64 digits, best rates",
        "Adam",
        adam,
        name,
        found,
        Bar.NONE);
  }

  private static Run train(int seed, IUpdater updater, GradientListener method) {
    Digits digits = Digits.of(1500, seed);
    MultiLayerNetwork network = Digits.network(seed, updater, 0, 32);
    Counter counter = new Counter();
    if (method == null) {
      network.setListeners(counter);
    } else {
      network.setListeners(method, counter);
    }
    Random random = new Random(seed);
    int steps = 0;
    while (steps < STEPS) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        if (steps++ < STEPS) {
          network.fit(batch);
        }
      }
    }
    return new Run(network.score(digits.train()), counter.count / (double) STEPS);
  }

  /** Counts backward passes, whoever asks for them. */
  private static final class Counter extends BaseTrainingListener {

    private int count;

    @Override
    public void onBackwardPass(Model model) {
      count++;
    }
  }
}
