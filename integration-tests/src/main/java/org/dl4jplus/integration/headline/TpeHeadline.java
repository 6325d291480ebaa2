package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.dl4jplus.bilevel.search.TpeGenerator;

/** TPE against Arbiter's random search over numbers, an integer and a class. */
final class TpeHeadline implements Headline {

  private static final int SEEDS = 20;
  private static final int TRIALS = 60;

  @Override
  public String name() {
    return "tpe";
  }

  @Override
  public List<Row> measure() {
    double[] random = new double[SEEDS];
    double[] tpe = new double[SEEDS];
    double[] joint = new double[SEEDS];
    for (int seed = 0; seed < SEEDS; seed++) {
      random[seed] = random(seed + 1);
      tpe[seed] = tpe(seed + 1, false);
      joint[seed] = tpe(seed + 1, true);
    }
    String claim =
        "median of 20 searches of the best of 60 values, four numbers, an integer and a class";
    return List.of(
        row(claim, random, "TPE", tpe, Bar.atMost(0.5)),
        row(claim, random, "TPE, all coordinates together", joint, Bar.NONE));
  }

  private static Row row(String claim, double[] random, String name, double[] ours, Bar bar) {
    return Row.ratio(
        claim,
        "Arbiter's random search",
        Searches.median(random),
        name,
        Searches.median(ours),
        bar);
  }

  private static NamedSpace space() {
    NamedSpace space = new NamedSpace();
    for (int i = 0; i < 4; i++) {
      space.with("x" + i, new ContinuousParameterSpace(0, 1));
    }
    return space
        .with("k", new IntegerParameterSpace(1, 16))
        .with("c", new DiscreteParameterSpace<>("a", "b", "c"));
  }

  private static double value(Candidate<?> candidate) {
    double value = 0.02 * Math.abs(NamedSpace.number(candidate, "k") - 5);
    for (int i = 0; i < 4; i++) {
      double left = NamedSpace.number(candidate, "x" + i) - 0.15 * (i + 1);
      value += left * left;
    }
    Object category = NamedSpace.value(candidate, "c");
    return value + Map.of("a", 0.3, "b", 0.0, "c", 0.15).get(category);
  }

  private static double random(long seed) {
    RandomSearchGenerator generator = new RandomSearchGenerator(space());
    generator.setRngSeed(seed);
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < TRIALS; i++) {
      best = Math.min(best, value(generator.getCandidate()));
    }
    return best;
  }

  private static double tpe(long seed, boolean multivariate) {
    TpeGenerator generator =
        TpeGenerator.builder()
            .parameterSpace(space())
            .minimize(true)
            .maxCandidates(TRIALS)
            .multivariate(multivariate)
            .build();
    generator.setRngSeed(seed);
    NamedSpace.run(generator, TpeHeadline::value);
    return generator.best().getScore();
  }
}
