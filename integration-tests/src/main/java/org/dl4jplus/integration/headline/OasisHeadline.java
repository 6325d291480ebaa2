package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Oasis;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/** OASIS from any first step size against gradient descent with the best constant one. */
final class OasisHeadline implements Headline {

  private static final int STEPS = 300;
  private static final double L2 = 1e-4;
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
      rows.add(
          Row.ratio(
              "gap to the lowest loss after 300 steps, logistic regression on all of breast cancer",
              "gradient descent 1/L",
              descent,
              "OASIS, first step " + first,
              adapt(first) - lowest,
              Bar.atMost(0.2)));
    }
    return rows;
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

  private static double adapt(double first) {
    Logistic function = Logistic.breastCancer(L2);
    Oasis method = Oasis.builder().initialStep(first).build();
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(1), function);
    for (int k = 0; k < STEPS; k++) {
      optimizer.step();
    }
    return function.loss(function.parameters());
  }
}
