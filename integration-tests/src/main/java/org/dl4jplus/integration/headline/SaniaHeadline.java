package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Sania;
import org.dl4jplus.optim.second.Sania.Preconditioner;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** What scaling the inputs' columns by e^-6 to e^6 does to the final loss. */
final class SaniaHeadline implements Headline {

  private static final int STEPS = 400;
  private static final int BATCH = 64;
  private static final int SEED = 1;

  @Override
  public String name() {
    return "scale-invariance";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    for (Preconditioner metric :
        new Preconditioner[] {Preconditioner.ADAGRAD_SQR, Preconditioner.ADAM_SQR}) {
      rows.add(row("SANIA " + metric, function -> sania(metric, function), Bar.atMost(1e-6)));
    }
    for (double rate : new double[] {0.01, 0.1}) {
      rows.add(row("Adam " + rate, function -> adam(rate, function), Bar.atLeast(0.1)));
    }
    return rows;
  }

  private static Row row(String method, ToDoubleFunction<Logistic> training, Bar bar) {
    double plain = training.applyAsDouble(Logistic.breastCancer(0));
    double scaled = training.applyAsDouble(Logistic.breastCancer(0).scaled(SEED));
    return new Row(
        "final loss after 400 steps, breast cancer with scaled columns",
        method + ", standardized",
        plain,
        method + ", scaled",
        scaled,
        "relative change",
        Math.abs(scaled / plain - 1),
        bar);
  }

  private static double sania(Preconditioner metric, Logistic function) {
    Sania method = Sania.builder().preconditioner(metric).epsilon(1e-20).build();
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(1), function);
    train(function, optimizer::step);
    return function.loss(function.parameters());
  }

  private static double adam(double rate, Logistic function) {
    INDArray w = function.parameters();
    INDArray gradient = w.ulike();
    ArrayOptimizer optimizer = new ArrayOptimizer(new Adam(rate), List.of(), w);
    train(
        function,
        () -> {
          function.lossAndGradient(w, gradient);
          optimizer.step(gradient);
        });
    return function.loss(w);
  }

  private static void train(Logistic function, Runnable step) {
    Random random = new Random(SEED);
    for (int k = 0; k < STEPS; k++) {
      function.choose(Digits.shuffled(function.count(), random).subList(0, BATCH));
      step.run();
    }
  }
}
