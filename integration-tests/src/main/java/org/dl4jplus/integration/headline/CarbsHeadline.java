package org.dl4jplus.integration.headline;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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

  private static final int SEEDS = 20;
  private static final int CANDIDATES = 30;
  private static final int RANDOM_CANDIDATES = 60;
  private static final int FEW = 25;

  /** No network of the table needs more: batches of 16 in all epochs. */
  private static final int MOST_UPDATES = 32 * DigitsTable.EPOCHS;

  private final DigitsTable table = DigitsTable.read();

  /** A training that stops after some epochs. */
  private record Run(Setting setting, int epochs) implements Serializable {

    long updates() {
      return (long) setting.updatesPerEpoch() * epochs;
    }

    static Run random(SplittableRandom random, boolean whole) {
      return new Run(
          new Setting(
              any(DigitsTable.RATES, random),
              any(DigitsTable.L2, random),
              any(DigitsTable.WIDTHS, random),
              any(DigitsTable.BATCHES, random)),
          whole ? DigitsTable.EPOCHS : 1 + random.nextInt(DigitsTable.EPOCHS));
    }

    private static <T> T any(List<T> values, SplittableRandom random) {
      return values.get(random.nextInt(values.size()));
    }
  }

  /**
   * From the middle of the table, whose columns a step of the search crosses by about one value.
   */
  static final class Space extends AbstractParameterSpace<Object> {
    @JsonProperty private CarbsParameterSpace<Integer> rate = column(DigitsTable.RATES);
    @JsonProperty private CarbsParameterSpace<Integer> l2 = column(DigitsTable.L2);
    @JsonProperty private CarbsParameterSpace<Integer> width = column(DigitsTable.WIDTHS);
    @JsonProperty private CarbsParameterSpace<Integer> batch = column(DigitsTable.BATCHES);

    @JsonProperty
    private CarbsParameterSpace<Integer> epochs =
        new CarbsParameterSpace<>(
            new CarbsScale(CarbsScale.Form.LOG, 1, 10, 1), 3, 1.0, (double) DigitsTable.EPOCHS);

    private static CarbsParameterSpace<Integer> column(List<?> values) {
      int last = values.size() - 1;
      return new CarbsParameterSpace<>(
          new CarbsScale(CarbsScale.Form.LINEAR, 3, 10, 1), last / 2, 0.0, (double) last);
    }

    @Override
    public Object getValue(double[] v) {
      return new Run(
          new Setting(
              DigitsTable.RATES.get(rate.getValue(v)),
              DigitsTable.L2.get(l2.getValue(v)),
              DigitsTable.WIDTHS.get(width.getValue(v)),
              DigitsTable.BATCHES.get(batch.getValue(v))),
          epochs.getValue(v));
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

  private static List<Run> random(long seed, int candidates, boolean whole) {
    SplittableRandom random = new SplittableRandom(seed);
    return Stream.generate(() -> Run.random(random, whole)).limit(candidates).toList();
  }

  /** CARBS until some candidates are done, or a good one. */
  private List<Run> carbs(long seed, int candidates, double enough) {
    CarbsGenerator generator =
        CarbsGenerator.builder().parameterSpace(new Space()).minimize(false).build();
    generator.setRngSeed(seed);
    List<Run> runs = new ArrayList<>();
    double best = 0;
    while (runs.size() < candidates && best < enough) {
      Candidate<?> candidate = generator.getCandidate();
      Run run = (Run) candidate.getValue();
      runs.add(run);
      best = Math.max(best, accuracy(run));
      Searches.report(
          generator,
          candidate,
          accuracy(run),
          SearchMetrics.builder().costUpdates(run.updates()).build());
    }
    return runs;
  }

  /** The specification's area, from the first step of the front to the last. */
  private double area(List<Run> runs) {
    double[] accuracies = runs.stream().mapToDouble(this::accuracy).toArray();
    return CostFront.of(
            IntStream.range(0, runs.size())
                .mapToObj(i -> new double[] {i})
                .toArray(double[][]::new),
            runs.stream().mapToDouble(Run::updates).toArray(),
            accuracies,
            1,
            0.2,
            false)
        .area(accuracies);
  }

  /** The best accuracy for at most so many updates, averaged over their number. */
  private double affordable(List<Run> runs) {
    return IntStream.rangeClosed(1, MOST_UPDATES)
        .mapToDouble(
            updates ->
                runs.stream()
                    .filter(run -> run.updates() <= updates)
                    .mapToDouble(this::accuracy)
                    .max()
                    .orElse(0))
        .average()
        .orElseThrow();
  }

  /** Updates until random search's best of 60 is reached, over those of 25 random candidates. */
  private double share(long seed, boolean whole) {
    List<Run> random = random(seed, RANDOM_CANDIDATES, whole);
    double target = random.stream().mapToDouble(this::accuracy).max().orElseThrow();
    List<Run> own = carbs(seed, 4 * RANDOM_CANDIDATES, target);
    return updates(own) / (updates(random) * FEW / RANDOM_CANDIDATES);
  }

  private static double updates(List<Run> runs) {
    return runs.stream().mapToLong(Run::updates).sum();
  }

  private Row reached(String trainings, boolean whole) {
    return Row.ratio(
        "tabulated digits: updates until random search's best of 60 "
            + trainings
            + " is reached, median of 20 seeds",
        "25 random candidates",
        1,
        "CarbsGenerator",
        Searches.median(SEEDS, s -> share(s, whole)),
        Bar.atMost(1));
  }

  private Row compare(String what, ToDoubleFunction<List<Run>> figure, Bar bar) {
    return Row.ratio(
        "tabulated digits, 30 candidates: " + what + ", mean of 20 seeds",
        "random search",
        Digits.mean(SEEDS, s -> figure.applyAsDouble(random(s, CANDIDATES, false))),
        "CarbsGenerator",
        Digits.mean(SEEDS, s -> figure.applyAsDouble(carbs(s, CANDIDATES, 2))),
        bar);
  }

  @Override
  public List<Row> measure() {
    return List.of(
        reached("whole trainings", true),
        reached("trainings of 1 to 9 epochs", false),
        compare(
            "best accuracy for at most n updates, mean over n up to " + MOST_UPDATES,
            this::affordable,
            Bar.NONE),
        compare(
            "area under the front between its first and its last cost",
            this::area,
            Bar.atLeast(1.05)));
  }
}
