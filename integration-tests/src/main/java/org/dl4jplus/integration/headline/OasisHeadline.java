package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Oasis;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/** OASIS from any first step size against gradient descent with the best constant one. */
final class OasisHeadline implements Headline {

  private static final int STEPS = 300;
  private static final int SEEDS = 7;
  private static final double L2 = 1e-4;
  private static final Bar BAR = Bar.atMost(0.2);
  private static final double[] FIRST_STEPS = {1e-3, 1e-1, 10};

  @Override
  public String name() {
    return "oasis";
  }

  @Override
  public List<Row> measure() {
    double lowest = Logistic.breastCancer(L2).optimum();
    double descent = descend() - lowest;
    List<Row> rows = new ArrayList<>();
    for (double first : FIRST_STEPS) {
      double[] gaps = new double[SEEDS];
      for (int seed = 0; seed < SEEDS; seed++) {
        gaps[seed] = adapt(first, seed) - lowest;
      }
      Arrays.sort(gaps);
      String ours = "OASIS, first step " + first;
      rows.add(row(", median over the probes' seeds", descent, ours, gaps[SEEDS / 2], BAR));
      rows.add(row(", worst of the probes' seeds", descent, ours, gaps[SEEDS - 1], Bar.NONE));
    }
    return rows;
  }

  private static Row row(String figure, double descent, String ours, double gap, Bar bar) {
    return Row.ratio(
        "gap to the lowest loss after 300 steps, logistic regression on breast cancer" + figure,
        "gradient descent 1/L",
        descent,
        ours,
        gap,
        bar);
  }

  private static double descend() {
    Logistic function = Logistic.breastCancer(L2);
    INDArray w = function.parameters();
    INDArray gradient = w.ulike();
    double rate = 1 / function.smoothness();
    for (int k = 0; k < STEPS; k++) {
      function.lossAndGradient(w, gradient);
      w.subi(gradient.muli(rate));
    }
    return function.loss(w);
  }

  private static double adapt(double first, long seed) {
    Logistic function = Logistic.breastCancer(L2);
    Oasis method = Oasis.builder().initialStep(first).seed(seed).build();
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(1), function);
    for (int k = 0; k < STEPS; k++) {
      optimizer.step();
    }
    return function.loss(function.parameters());
  }
}
