package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.dl4jplus.optim.first.noise.CounterNoise;

/** Bayesian search against random and Sobol points, on functions and on a table of trainings. */
final class BayesianSearchHeadline implements Headline {

  private static final int SEEDS = 10;
  private static final int RANDOM_CANDIDATES = 60;
  private static final int FEW = 25;

  @Override
  public String name() {
    return "bayesian-search";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    rows.addAll(function("Branin", 2, 25, TestFunctions::branin, TestFunctions.BRANIN_BEST, 0.1));
    rows.addAll(
        function(
            "Hartmann-6", 6, 40, TestFunctions::hartmann6, TestFunctions.HARTMANN6_BEST, 0.25));
    DigitsTable table = DigitsTable.read();
    ToDoubleFunction<Object> error = s -> table.error((DigitsTable.Setting) s);
    double needed =
        Searches.median(
            SEEDS,
            seed -> {
              double target =
                  Searches.bestSoFar(
                      random(new DigitsTable.Space(), seed), RANDOM_CANDIDATES, error)[
                      RANDOM_CANDIDATES - 1];
              double[] best =
                  Searches.bestSoFar(
                      bayesian(new DigitsTable.Space(), seed), RANDOM_CANDIDATES, error);
              return Searches.reaches(best, target);
            });
    rows.add(
        Row.difference(
            "tabulated digits: candidates until random search's best of 60 is reached, median of"
                + " 10 seeds",
            "allowed",
            FEW,
            "BayesianSearchGenerator",
            needed,
            Bar.atMost(0)));
    rows.add(
        Row.ratio(
            "tabulated digits: error of the best of 25, mean of 10 seeds",
            "RandomSearchGenerator",
            Digits.mean(SEEDS, s -> last(random(new DigitsTable.Space(), s), FEW, error)),
            "BayesianSearchGenerator",
            Digits.mean(SEEDS, s -> last(bayesian(new DigitsTable.Space(), s), FEW, error)),
            Bar.atMost(1)));
    return rows;
  }

  private static List<Row> function(
      String name,
      int dimensions,
      int candidates,
      ToDoubleFunction<double[]> function,
      double optimum,
      double bar) {
    ToDoubleFunction<Object> score = value -> function.applyAsDouble((double[]) value);
    IntFunction<ParameterSpace<?>> cube = seed -> new TestFunctions.Cube(dimensions);
    double random =
        Searches.median(SEEDS, s -> last(random(cube.apply(s), s), candidates, score) - optimum);
    double sobol =
        Searches.median(
            SEEDS,
            s -> {
              double best = Double.POSITIVE_INFINITY;
              long seed = CounterNoise.deriveSeed(s);
              for (double[] point : SobolPoints.draw(candidates, dimensions, seed)) {
                best = Math.min(best, function.applyAsDouble(point) - optimum);
              }
              return best;
            });
    double ours =
        Searches.median(SEEDS, s -> last(bayesian(cube.apply(s), s), candidates, score) - optimum);
    String claim = name + ": regret after " + candidates + " candidates, median of 10 seeds";
    return List.of(
        Row.ratio(
            claim,
            "RandomSearchGenerator",
            random,
            "BayesianSearchGenerator",
            ours,
            Bar.atMost(bar)),
        Row.ratio(claim, "Sobol points", sobol, "BayesianSearchGenerator", ours, Bar.NONE));
  }

  private static double last(
      CandidateGenerator generator, int candidates, ToDoubleFunction<Object> score) {
    return Searches.bestSoFar(generator, candidates, score)[candidates - 1];
  }

  private static BayesianSearchGenerator bayesian(ParameterSpace<?> space, long seed) {
    BayesianSearchGenerator generator =
        BayesianSearchGenerator.builder().parameterSpace(space).minimize(true).build();
    generator.setRngSeed(seed);
    return generator;
  }

  private static RandomSearchGenerator random(ParameterSpace<?> space, long seed) {
    RandomSearchGenerator generator = new RandomSearchGenerator(space, null);
    generator.setRngSeed(seed);
    return generator;
  }
}
