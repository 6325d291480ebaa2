package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe.Constraint;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe.Scheme;
import org.dl4jplus.optim.zeroth.ZoStep;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** How fast zeroth-order Frank-Wolfe closes in on a quadratic's minimum in an l1 ball. */
final class FrankWolfeHeadline implements Headline {

  private static final int N = 10;
  private static final double RADIUS = 2;
  private static final int SEEDS = 3;
  private static final int STEPS = 3000;
  private static final int[] MARKS = {100, 200, 400, 800, 1500, STEPS};

  @Override
  public String name() {
    return "frank-wolfe";
  }

  @Override
  public List<Row> measure() {
    double share = 0;
    double slope = Double.NEGATIVE_INFINITY;
    double norm = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Run run = new Run(seed);
      share = Math.max(share, run.share);
      slope = Math.max(slope, run.slope());
      norm = Math.max(norm, run.norm);
    }
    List<Row> rows = new ArrayList<>();
    rows.add(
        Row.difference(
            "slope of log gap over log steps, 100 to 3,000, worst of 3 quadratics in 10 dimensions",
            "flat",
            0,
            "Frank-Wolfe, KWSA, l1 ball",
            slope,
            Bar.atMost(-0.5)));
    rows.add(
        Row.ratio(
            "gap to the minimum after 2,000 steps, worst of 3 quadratics",
            "gap at the start",
            1,
            "Frank-Wolfe, KWSA, l1 ball",
            share,
            Bar.atMost(0.005)));
    rows.add(
        Row.ratio(
            "largest l1 norm of any iterate",
            "radius",
            RADIUS,
            "Frank-Wolfe, KWSA, l1 ball",
            norm,
            Bar.atMost(1 + 1e-12)));
    return rows;
  }

  private static final class Run {
    private final double[] h = new double[N];
    private final double[] c = new double[N];
    private final double[] gaps = new double[MARKS.length];
    private double share;
    private double norm;

    Run(long seed) {
      CounterNoise.fill(Distribution.UNIFORM, CounterNoise.deriveSeed(seed, 0), 0, h, N);
      CounterNoise.fill(Distribution.GAUSSIAN, CounterNoise.deriveSeed(seed, 1), 0, c, N);
      for (int i = 0; i < N; i++) {
        h[i] += 0.5;
      }
      double lowest = lowest();
      INDArray x = Nd4j.zeros(DataType.DOUBLE, N);
      ZoProblem problem = ZoProblem.of(this::value, x);
      Perturber perturber = new Perturber(x, problem.stretches());
      double start = value(x) - lowest;
      GradientState state = new GradientState();
      ZOFrankWolfe method =
          ZOFrankWolfe.builder()
              .scheme(Scheme.KWSA)
              .constraint(Constraint.L1)
              .radius(RADIUS)
              .build();
      int mark = 0;
      for (int t = 1; t <= STEPS; t++) {
        method.step(new ZoStep(problem, perturber, t, 0, state));
        norm = Math.max(norm, x.norm1Number().doubleValue());
        if (t == MARKS[mark]) {
          gaps[mark++] = value(x) - lowest;
        }
        if (t == 2000) {
          share = (value(x) - lowest) / start;
        }
      }
    }

    private double value(INDArray point) {
      double[] x = point.toDoubleVector();
      double value = 0;
      for (int i = 0; i < N; i++) {
        value += 0.5 * h[i] * (x[i] - c[i]) * (x[i] - c[i]);
      }
      return value;
    }

    /** By soft thresholding, the level found by bisection. */
    private double lowest() {
      double low = 0;
      double high = 100;
      for (int round = 0; round < 200; round++) {
        double level = (low + high) / 2;
        double total = 0;
        for (int i = 0; i < N; i++) {
          total += Math.max(0, Math.abs(c[i]) - level / h[i]);
        }
        if (total > RADIUS) {
          low = level;
        } else {
          high = level;
        }
      }
      double value = 0;
      for (int i = 0; i < N; i++) {
        double left = Math.min(Math.abs(c[i]), high / h[i]);
        value += 0.5 * h[i] * left * left;
      }
      return value;
    }

    /** Least squares through the marks. */
    double slope() {
      double x = 0;
      double y = 0;
      double xx = 0;
      double xy = 0;
      for (int i = 0; i < MARKS.length; i++) {
        double a = Math.log(MARKS[i]);
        double b = Math.log(gaps[i]);
        x += a / MARKS.length;
        y += b / MARKS.length;
        xx += a * a / MARKS.length;
        xy += a * b / MARKS.length;
      }
      return (xy - x * y) / (xx - x * x);
    }
  }
}
