package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.CBO;
import org.dl4jplus.optim.zeroth.search.ConsensusSearch;
import org.nd4j.linalg.factory.Nd4j;

/** Rastrigin's function: particles against restarts of gradient descent. */
final class ConsensusHeadline implements Headline {

  private static final int RUNS = 10;
  private static final int PARTICLES = 400;
  private static final int STEPS = 1000;
  private static final int RESTARTS = 100;
  private static final double FOUND = 0.1;

  @Override
  public String name() {
    return "consensus";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    for (int d : new int[] {5, 10}) {
      double descents = 0;
      double searches = 0;
      for (int run = 0; run < RUNS; run++) {
        descents += descend(d, run) < FOUND ? 1.0 / RUNS : 0;
        searches += search(d, run) < FOUND ? 1.0 / RUNS : 0;
      }
      rows.add(
          Row.difference(
              "share of 10 runs that end below 0.1 on Rastrigin's function, d = " + d,
              "best of 100 gradient descents",
              descents,
              "CBO, 400 particles",
              searches,
              Bar.atLeast(0.999)));
    }
    return rows;
  }

  private static double[][] starts(int number, int d, long run) {
    double[][] starts = new double[number][d];
    for (int i = 0; i < number; i++) {
      long seed = CounterNoise.deriveSeed(run, number, i);
      CounterNoise.fill(Distribution.UNIFORM, seed, 0, starts[i], d);
      for (int j = 0; j < d; j++) {
        starts[i][j] = 6 * starts[i][j] - 3;
      }
    }
    return starts;
  }

  private static double value(double[] x) {
    double value = 0;
    for (double v : x) {
      value += v * v - 10 * Math.cos(2 * Math.PI * v) + 10;
    }
    return value;
  }

  private static double search(int d, long run) {
    CBO method = CBO.builder().dt(0.01).sigma(7.0).lambda(1.0).alpha(50.0).seed(run).build();
    ConsensusSearch search = method.search(Nd4j.createFromArray(starts(PARTICLES, d, run)));
    double[] values = new double[PARTICLES];
    for (int t = 0; t < STEPS; t++) {
      double[][] points = search.ask();
      for (int i = 0; i < PARTICLES; i++) {
        values[i] = value(points[i]);
      }
      search.tell(values);
    }
    return value(search.consensus());
  }

  private static double descend(int d, long run) {
    double best = Double.POSITIVE_INFINITY;
    for (double[] x : starts(RESTARTS, d, run)) {
      for (int t = 0; t < STEPS; t++) {
        for (int j = 0; j < d; j++) {
          // The curvature is at most 2 + 40 pi^2.
          x[j] -= (2 * x[j] + 20 * Math.PI * Math.sin(2 * Math.PI * x[j])) / 400;
        }
      }
      best = Math.min(best, value(x));
    }
    return best;
  }
}
