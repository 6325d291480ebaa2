package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.Extragradient;
import org.dl4jplus.optim.first.OptimisticGradient;
import org.dl4jplus.optim.first.RungeKutta;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** The rotation V(x, y) = (y, -x), on which descent spirals out. */
final class GamesHeadline implements Headline {

  private static final int STEPS = 200;
  private static final double RATE = 0.3;

  @Override
  public String name() {
    return "games";
  }

  @Override
  public List<Row> measure() {
    double descent = distance(new Plain(), new Sgd(RATE), 0);
    List<Row> rows = new ArrayList<>();
    String claim = "distance from the equilibrium of a bilinear game after 200 steps, start 1";
    rows.add(row(claim, descent, "extragradient", new Extragradient(), new Sgd(RATE), 1e-6));
    rows.add(row(claim, descent, "optimistic", new Plain(), new OptimisticGradient(RATE), 1e-6));
    rows.add(
        row(
            claim,
            descent,
            "Runge-Kutta 2",
            RungeKutta.builder().order(2).build(),
            new Sgd(RATE),
            1e-2));
    rows.add(
        row(
            claim,
            descent,
            "Runge-Kutta 4",
            RungeKutta.builder().order(4).build(),
            new Sgd(RATE),
            1e-2));
    rows.add(
        Row.ratio(
            "largest rate that does not diverge on a damped rotation (0.1 I + skew)",
            "descent",
            largestRate(new Plain()),
            "Runge-Kutta 4",
            largestRate(RungeKutta.builder().order(4).build()),
            Bar.atLeast(2)));
    return rows;
  }

  private static Row row(
      String claim,
      double descent,
      String name,
      GradientListener method,
      IUpdater updater,
      double bar) {
    double ours = distance(method, updater, 0);
    return Row.ratio(claim, "descent", descent, name, ours, Bar.atMost(bar));
  }

  private static double largestRate(GradientListener method) {
    double largest = 0;
    for (double rate = 0.02; rate < 4; rate += 0.02) {
      if (distance(method, new Sgd(rate), 0.1) > 1) {
        return largest;
      }
      largest = rate;
    }
    return largest;
  }

  private static double distance(GradientListener method, IUpdater updater, double damping) {
    INDArray z = Nd4j.createFromArray(1.0, 0.0);
    OracleOptimizer optimizer = new OracleOptimizer(method, updater, new Rotation(z, damping));
    for (int i = 0; i < STEPS; i++) {
      optimizer.step();
    }
    return z.norm2Number().doubleValue();
  }

  /** Leaves the gradient as it is. */
  private static final class Plain extends GradientListener {
    @Override
    protected void transform(GradientTurn turn) {}
  }

  private record Rotation(INDArray parameters, double damping) implements GradientOracle {
    @Override
    public double lossAndGradient(INDArray point, INDArray out) {
      double x = point.getDouble(0);
      double y = point.getDouble(1);
      out.putScalar(0, damping * x + y);
      out.putScalar(1, damping * y - x);
      return 0;
    }
  }
}
