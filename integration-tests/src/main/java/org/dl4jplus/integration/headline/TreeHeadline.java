package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.PolyStep;
import org.dl4jplus.optim.zeroth.PolyStepES;
import org.dl4jplus.optim.zeroth.search.CostScale;

/**
 * A hard oblique decision tree of depth 4 learns a chequerboard by its error alone: PolyStep
 * against an evolution strategy and against SPSA, at equally many evaluations; the figure is the
 * best error on the data that any evaluation showed.
 */
final class TreeHeadline implements Headline {

  private static final int POINTS = 600;
  private static final int INNER = 15;
  private static final int LEAVES = 16;
  private static final int PARAMETERS = 3 * INNER + LEAVES;
  private static final int BUDGET = 40_000;
  private static final int SEEDS = 3;

  @Override
  public String name() {
    return "decision-tree";
  }

  @Override
  public List<Row> measure() {
    double ours = mean(TreeHeadline::polyStep);
    String claim =
        "best error of a hard oblique tree of depth 4, %d evaluations, %d seeds"
            .formatted(BUDGET, SEEDS);
    return List.of(
        Row.ratio(claim, "OpenAI-ES", mean(TreeHeadline::es), "PolyStepES", ours, Bar.atMost(0.5)),
        Row.ratio(claim, "SPSA", mean(TreeHeadline::spsa), "PolyStepES", ours, Bar.NONE));
  }

  private static double mean(ToDoubleFunction<Tree> method) {
    double sum = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      sum += method.applyAsDouble(new Tree(seed));
    }
    return sum / SEEDS;
  }

  private static double polyStep(Tree tree) {
    PolyStep config =
        PolyStep.builder()
            .epsilon(0.02)
            .stepRadius(1.5)
            .costScale(CostScale.MEAN)
            .seed(tree.seed)
            .build();
    PolyStepES search = new PolyStepES(config, new double[][] {tree.start()});
    return search.minimize(x -> tree.error(x.toDoubleVector()), BUDGET);
  }

  private static double es(Tree tree) {
    int pairs = 61;
    double sigma = 0.3;
    double rate = 0.15;
    double[] x = tree.start();
    for (int t = 0; (t + 1) * 2 * pairs <= BUDGET; t++) {
      double[][] directions = new double[pairs][];
      double[] costs = new double[2 * pairs];
      for (int k = 0; k < pairs; k++) {
        directions[k] = gaussian(tree.seed, 1, t, k);
        costs[2 * k] = tree.error(along(x, directions[k], sigma));
        costs[2 * k + 1] = tree.error(along(x, directions[k], -sigma));
      }
      double mean = 0;
      double square = 0;
      for (double cost : costs) {
        mean += cost / costs.length;
        square += cost * cost / costs.length;
      }
      double deviation = Math.sqrt(Math.max(square - mean * mean, 0)) + 1e-8;
      for (int k = 0; k < pairs; k++) {
        double slope = (costs[2 * k] - costs[2 * k + 1]) / deviation / (2 * pairs * sigma);
        x = along(x, directions[k], -rate * slope);
      }
    }
    return tree.best;
  }

  private static double spsa(Tree tree) {
    double[] x = tree.start();
    double a = 0.2;
    double c = 0.2;
    for (int t = 0; 2 * (t + 1) <= BUDGET; t++) {
      double[] signs = new double[PARAMETERS];
      CounterNoise.fill(
          Distribution.RADEMACHER, CounterNoise.deriveSeed(tree.seed, 2, t), 0, signs, PARAMETERS);
      double slope = (tree.error(along(x, signs, c)) - tree.error(along(x, signs, -c))) / (2 * c);
      x = along(x, signs, -a * slope);
    }
    return tree.best;
  }

  private static double[] along(double[] x, double[] direction, double scale) {
    double[] moved = x.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += scale * direction[i];
    }
    return moved;
  }

  private static double[] gaussian(long... keys) {
    double[] values = new double[PARAMETERS];
    CounterNoise.fill(
        Distribution.GAUSSIAN, CounterNoise.deriveSeed(7, keys), 0, values, PARAMETERS);
    return values;
  }

  /** Nodes w.x + b > 0, then the logits of the leaves; data and count of errors. */
  private static final class Tree {
    private final long seed;
    private final double[][] points = new double[2][POINTS];
    private final boolean[] labels = new boolean[POINTS];
    private double best = 1;

    Tree(long seed) {
      this.seed = seed;
      double[] noise = new double[2 * POINTS];
      long data = CounterNoise.deriveSeed(seed, 3);
      CounterNoise.fill(
          Distribution.GAUSSIAN, CounterNoise.deriveSeed(seed, 4), 0, noise, 2 * POINTS);
      int[] cells = new int[POINTS];
      for (int f = 0; f < 2; f++) {
        double mean = 0;
        double square = 0;
        for (int i = 0; i < POINTS; i++) {
          double value = 3 * CounterNoise.uniform(data, 2L * i + f);
          cells[i] += (int) value;
          points[f][i] = value;
          mean += value / POINTS;
          square += value * value / POINTS;
        }
        double deviation = Math.sqrt(square - mean * mean);
        for (int i = 0; i < POINTS; i++) {
          points[f][i] = (points[f][i] - mean) / deviation + 0.05 * noise[2 * i + f];
        }
      }
      for (int i = 0; i < POINTS; i++) {
        labels[i] = cells[i] % 2 == 1;
      }
    }

    double[] start() {
      return along(new double[PARAMETERS], gaussian(seed, 0), 0.3);
    }

    double error(double[] x) {
      int wrong = 0;
      for (int i = 0; i < POINTS; i++) {
        int node = 0;
        while (node < INNER) {
          int at = 3 * node;
          double side = x[at] * points[0][i] + x[at + 1] * points[1][i] + x[at + 2];
          node = 2 * node + (side > 0 ? 2 : 1);
        }
        boolean predicted = x[3 * INNER + node - INNER] > 0;
        wrong += predicted == labels[i] ? 0 : 1;
      }
      double error = wrong / (double) POINTS;
      best = Math.min(best, error);
      return error;
    }
  }
}
