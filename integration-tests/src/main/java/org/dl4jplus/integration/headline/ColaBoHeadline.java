package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator;
import org.dl4jplus.bilevel.search.Beliefs;

/** What a user's belief of the best place does for a search on Branin's function. */
final class ColaBoHeadline implements Headline {

  private static final int SEEDS = 10;
  private static final int FEW = 12;
  private static final int MANY = 25;
  private static final int START_POINTS = 4;
  private static final double CONFIDENCE = 0.1;
  private static final ToDoubleFunction<Object> REGRET =
      u -> TestFunctions.branin((double[]) u) - TestFunctions.BRANIN_BEST;

  /** Median regrets after few candidates and at the end. */
  private record Regrets(double few, double end) {}

  @Override
  public String name() {
    return "colabo";
  }

  @Override
  public List<Row> measure() {
    Regrets plain = regrets(MANY, seed -> null);
    Regrets right = regrets(FEW, seed -> nearOptimum(seed, Beliefs.Rule.COLABO));
    Regrets wrong = regrets(MANY, seed -> belief(1, 1, Beliefs.Rule.COLABO));
    Regrets piBo = regrets(FEW, seed -> nearOptimum(seed, Beliefs.Rule.PI_BO));
    String few = "Branin: regret after 12 candidates, median of 10 seeds";
    String many = "Branin: regret after 25 candidates, median of 10 seeds";
    List<Row> rows = new ArrayList<>();
    rows.add(
        Row.ratio(
            few, "EI", plain.few(), "belief 0.1 off an optimum", right.few(), Bar.atMost(1.0 / 3)));
    rows.add(
        Row.ratio(
            many, "EI", plain.end(), "belief in a wrong corner", wrong.end(), Bar.atMost(1.3)));
    rows.add(Row.ratio(few, "EI", plain.few(), "belief in a wrong corner", wrong.few(), Bar.NONE));
    rows.add(
        Row.ratio(
            few, "EI", plain.few(), "PI_BO, belief 0.1 off an optimum", piBo.few(), Bar.NONE));
    return rows;
  }

  /** As far from an optimum as its confidence says: one that is exact would need no search. */
  private static Beliefs nearOptimum(int seed, Beliefs.Rule rule) {
    double angle = 2 * Math.PI * seed / SEEDS;
    return belief(
        0.54277 + CONFIDENCE * Math.cos(angle), 0.15167 + CONFIDENCE * Math.sin(angle), rule);
  }

  private static Beliefs belief(double x1, double x2, Beliefs.Rule rule) {
    return Beliefs.builder()
        .rule(rule)
        .location(Beliefs.near("x1", x1, CONFIDENCE))
        .location(Beliefs.near("x2", x2, CONFIDENCE))
        .build();
  }

  private static Regrets regrets(int candidates, IntFunction<Beliefs> beliefs) {
    double[] few = new double[SEEDS];
    double[] end = new double[SEEDS];
    for (int seed = 1; seed <= SEEDS; seed++) {
      BayesianSearchGenerator search =
          BayesianSearchGenerator.builder()
              .parameterSpace(new TestFunctions.Cube(2))
              .minimize(true)
              .initialPoints(START_POINTS)
              .acquisition(BayesianSearchGenerator.Acquisition.EI)
              .beliefs(beliefs.apply(seed))
              .build();
      search.setRngSeed(seed);
      double[] best = Searches.bestSoFar(search, candidates, REGRET);
      few[seed - 1] = best[FEW - 1];
      end[seed - 1] = best[candidates - 1];
    }
    return new Regrets(Searches.median(few), Searches.median(end));
  }
}
