package org.dl4jplus.integration.headline;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.CarbsGenerator;
import org.dl4jplus.bilevel.search.CarbsParameterSpace;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.bilevel.search.carbs.CarbsScale;
import org.dl4jplus.bilevel.search.carbs.CostFront;
import org.dl4jplus.integration.headline.DigitsTable.Setting;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** CARBS against random search on tabulated trainings, where epochs and batches cost. */
final class CarbsHeadline implements Headline {

  private static final int SEEDS = 10;
  private static final int CANDIDATES = 30;
  private static final int RANDOM_CANDIDATES = 60;
  private static final int FEW = 25;

  private final DigitsTable table = DigitsTable.read();

  /** A training that stops after some epochs. */
  private record Run(Setting setting, int epochs) implements Serializable {

    long updates() {
      return (long) setting.updatesPerEpoch() * epochs;
    }

    static Run random(SplittableRandom random) {
      return new Run(
          new Setting(
              any(DigitsTable.RATES, random),
              any(DigitsTable.L2, random),
              any(DigitsTable.WIDTHS, random),
              any(DigitsTable.BATCHES, random)),
          1 + random.nextInt(DigitsTable.EPOCHS));
    }

    private static <T> T any(List<T> values, SplittableRandom random) {
      return values.get(random.nextInt(values.size()));
    }
  }

  /** From the middle of the table; values between those of the table are those next to them. */
  static final class Space extends AbstractParameterSpace<Object> {
    @JsonProperty private CarbsParameterSpace<Double> rate = log(3e-3, 1e-4, 0.3);
    @JsonProperty private CarbsParameterSpace<Double> l2 = log(1e-3, 1e-5, 1);
    @JsonProperty private CarbsParameterSpace<Double> width = log(22, 8, 64);
    @JsonProperty private CarbsParameterSpace<Double> batch = log(64, 16, 256);
    @JsonProperty private CarbsParameterSpace<Double> epochs = log(3, 1, DigitsTable.EPOCHS);

    private static CarbsParameterSpace<Double> log(double start, double min, double max) {
      return new CarbsParameterSpace<>(
          new CarbsScale(CarbsScale.Form.LOG, 1, 10, 0), start, min, max);
    }

    @Override
    public Object getValue(double[] v) {
      return new Run(
          new Setting(
              next(DigitsTable.RATES, rate.getValue(v)),
              next(DigitsTable.L2, l2.getValue(v)),
              next(DigitsTable.WIDTHS, width.getValue(v)),
              next(DigitsTable.BATCHES, batch.getValue(v))),
          (int) Math.rint(epochs.getValue(v)));
    }

    private static <T extends Number> T next(List<T> values, double value) {
      T nearest = values.get(0);
      for (T other : values) {
        if (distance(other, value) < distance(nearest, value)) {
          nearest = other;
        }
      }
      return nearest;
    }

    private static double distance(Number one, double other) {
      return Math.abs(Math.log(one.doubleValue() / other));
    }

    @Override
    public int numParameters() {
      return 5;
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<ParameterSpace> collectLeaves() {
      return new ArrayList<>(List.of(rate, l2, width, batch, epochs));
    }

    @Override
    public boolean isLeaf() {
      return false;
    }

    @Override
    public void setIndices(int... indices) {
      throw new UnsupportedOperationException("the leaves have the indices");
    }
  }

  @Override
  public String name() {
    return "carbs";
  }

  private double accuracy(Run run) {
    return 1 - table.error(run.setting(), run.epochs());
  }

  private double randomArea(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] points = new double[CANDIDATES][];
    double[] costs = new double[CANDIDATES];
    double[] outputs = new double[CANDIDATES];
    for (int i = 0; i < CANDIDATES; i++) {
      Run run = Run.random(random);
      points[i] = new double[] {i};
      costs[i] = run.updates();
      outputs[i] = accuracy(run);
    }
    return CostFront.of(points, costs, outputs, 1, 0.2, false).area(outputs);
  }

  private CarbsGenerator carbs(long seed, int candidates, ToDoubleFunction<CarbsGenerator> until) {
    CarbsGenerator generator =
        CarbsGenerator.builder().parameterSpace(new Space()).minimize(false).build();
    generator.setRngSeed(seed);
    for (int i = 0; i < candidates && until.applyAsDouble(generator) < 0; i++) {
      Candidate<?> candidate = generator.getCandidate();
      Run run = (Run) candidate.getValue();
      Searches.report(
          generator,
          candidate,
          accuracy(run),
          SearchMetrics.builder().costUpdates(run.updates()).build());
    }
    return generator;
  }

  /** Updates until random search's best of 60 is reached, over those of 25 random candidates. */
  private double share(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double target = 0;
    double updates = 0;
    for (int i = 0; i < RANDOM_CANDIDATES; i++) {
      Run run = Run.random(random);
      target = Math.max(target, accuracy(run));
      updates += run.updates();
    }
    double reached = target;
    CarbsGenerator generator =
        carbs(
            seed,
            4 * RANDOM_CANDIDATES,
            g -> g.best() != null && g.best().getScore() >= reached ? 1 : -1);
    double own =
        generator.complete().stream().mapToDouble(t -> t.getMetrics().getCostUpdates()).sum();
    return own / (updates * FEW / RANDOM_CANDIDATES);
  }

  @Override
  public List<Row> measure() {
    return List.of(
        Row.ratio(
            "tabulated digits: area under accuracy over updates after 30 candidates, mean of 10"
                + " seeds",
            "random search",
            Digits.mean(SEEDS, s -> randomArea(s)),
            "CarbsGenerator",
            Digits.mean(SEEDS, s -> carbs(s, CANDIDATES, g -> -1).area()),
            Bar.atLeast(1.05)),
        Row.ratio(
            "tabulated digits: updates until random search's best of 60 is reached, median of 10"
                + " seeds",
            "25 random candidates",
            1,
            "CarbsGenerator",
            Searches.median(SEEDS, s -> share(s)),
            Bar.atMost(1)));
  }
}
