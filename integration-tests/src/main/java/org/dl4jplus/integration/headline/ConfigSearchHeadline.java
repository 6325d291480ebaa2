package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator;
import org.dl4jplus.bilevel.search.ConfigGenerator;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.bilevel.search.gp.PriorDraws;
import org.dl4jplus.bilevel.search.gp.StationaryKernel;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;

/** CONFIG: finds the best point of a small feasible disc, and says where there is none. */
final class ConfigSearchHeadline implements Headline {

  private static final int SEEDS = 10;
  private static final int CANDIDATES = 30;
  private static final int DRAWS = 20;
  private static final int GRID = 38;
  private static final double RADIUS = 0.13;
  private static final double FEASIBLE_SHARE = 0.05;

  /** A search's end: the best feasible score (infinite for none), and after how many candidates. */
  private record End(double best, int candidates) {}

  @Override
  public String name() {
    return "config-search";
  }

  @Override
  public List<Row> measure() {
    double optimum = optimum();
    String disc =
        "best feasible value after 30 candidates on a grid of 1521, 5% of it in a feasible disc,"
            + " median of 10 seeds";
    List<Row> rows = new ArrayList<>();
    rows.add(
        Row.ratio(
            disc,
            "the grid's optimum",
            optimum,
            "ConfigGenerator",
            Searches.median(SEEDS, s -> disc(config(s, GRID)).best()),
            Bar.atMost(1.05)));
    rows.add(
        Row.ratio(
            disc,
            "the grid's optimum",
            optimum,
            "BayesianSearchGenerator, constrained EI",
            Searches.median(SEEDS, s -> disc(constrained(s)).best()),
            Bar.NONE));
    double latest = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      ConfigGenerator search = config(seed, 0);
      End end =
          run(
              search,
              ConfigSearchHeadline::distance,
              u -> 0.2 + 0.5 * Math.pow(Math.sin(3 * u[0]), 2) + 0.3 * u[1]);
      latest = Math.max(latest, search.report() == null ? Double.NaN : end.candidates());
    }
    rows.add(
        Row.difference(
            "a constraint that holds nowhere: candidates until infeasible is declared, most of 10"
                + " seeds",
            "allowed",
            CANDIDATES,
            "ConfigGenerator",
            latest,
            Bar.atMost(0)));
    rows.add(
        Row.difference(
            "draws of a Gaussian process, feasible on 5% of the square, declared infeasible in 30"
                + " candidates, of 20",
            "allowed", 0, "ConfigGenerator", falseVerdicts(), Bar.atMost(0)));
    return rows;
  }

  /**
   * The best of the grid's feasible points. On all of the square CONFIG comes near to the disc's
   * rim from outside, and few of its candidates are feasible at all.
   */
  private static double optimum() {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= GRID; i++) {
      for (int j = 0; j <= GRID; j++) {
        double[] u = {(double) i / GRID, (double) j / GRID};
        best = outside(u) <= 0 ? Math.min(best, distance(u)) : best;
      }
    }
    return best;
  }

  private static double falseVerdicts() {
    PriorDraws draws =
        new PriorDraws(
            StationaryKernel.of(StationaryKernel.Form.MATERN52, 1, 0.3, 0.3),
            1024,
            2 * DRAWS,
            new SplittableRandom(1));
    double[][] values = draws.values(SobolPoints.draw(4096, 2, 1));
    int wrong = 0;
    for (int d = 0; d < DRAWS; d++) {
      int objective = 2 * d;
      int constraint = objective + 1;
      double[] sorted = values[constraint].clone();
      Arrays.sort(sorted);
      double level = sorted[(int) (FEASIBLE_SHARE * sorted.length)];
      ConfigGenerator search = config(d + 1, 0);
      run(
          search,
          u -> draws.value(objective, draws.features(u)),
          u -> draws.value(constraint, draws.features(u)) - level);
      wrong += search.report() == null ? 0 : 1;
    }
    return wrong;
  }

  private static double distance(double... u) {
    return (u[0] - 0.2) * (u[0] - 0.2) + (u[1] - 0.2) * (u[1] - 0.2);
  }

  private static End disc(FeedbackGenerator search) {
    return run(search, ConfigSearchHeadline::distance, ConfigSearchHeadline::outside);
  }

  private static double outside(double... u) {
    return Math.hypot(u[0] - 0.75, u[1] - 0.7) - RADIUS;
  }

  private static End run(
      FeedbackGenerator search,
      ToDoubleFunction<double[]> objective,
      ToDoubleFunction<double[]> constraint) {
    double best = Double.POSITIVE_INFINITY;
    int candidates = 0;
    while (candidates < CANDIDATES && search.hasMoreCandidates()) {
      Candidate<Object> candidate = search.getCandidate();
      double[] point = (double[]) candidate.getValue();
      double score = objective.applyAsDouble(point);
      double value = constraint.applyAsDouble(point);
      best = value <= 0 ? Math.min(best, score) : best;
      candidates++;
      Searches.report(
          search,
          candidate,
          score,
          SearchMetrics.builder().constraints(new double[] {value}).build());
    }
    return new End(best, candidates);
  }

  private static ConfigGenerator config(long seed, int steps) {
    ConfigGenerator search =
        ConfigGenerator.builder()
            .parameterSpace(new TestFunctions.Cube(2, steps))
            .minimize(true)
            .noise(1e-6)
            .build();
    search.setRngSeed(seed);
    return search;
  }

  private static BayesianSearchGenerator constrained(long seed) {
    BayesianSearchGenerator search =
        BayesianSearchGenerator.builder()
            .parameterSpace(new TestFunctions.Cube(2, GRID))
            .minimize(true)
            .noise(1e-6)
            .build();
    search.setRngSeed(seed);
    return search;
  }
}
