package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer.Found;
import org.dl4jplus.bilevel.search.gp.FidelityKernel;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.Kernel;
import org.dl4jplus.bilevel.search.gp.Standardization;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Bayesian search that trains most candidates for a part of the epochs only. The score is modelled
 * at all fidelities s = budget/maxBudget together, by the {@link FidelityKernel}; the next
 * candidate and its budget maximise
 *
 * <pre>{@code
 * (expected gain of the largest posterior mean at s = 1) / (c0 + c1 s)
 * }</pre>
 *
 * over 200 Sobol points, the evaluated ones and the candidate itself. The cost line is fitted by
 * least squares to what the tasks told: parameter updates ({@link SearchMetrics}), or seconds where
 * there are none, or the budget itself where there is neither.
 *
 * <p>The task finds the budget, a whole number of epochs, under {@value #BUDGET} among the
 * candidate's data parameters and is to train for so long. The first candidates are Sobol points
 * whose budgets go round. {@link #best()} mixes all budgets: ask for the {@link #recommendation()}.
 * Constraints are not heeded.
 *
 * <p>P. I. Frazier: "A Tutorial on Bayesian Optimization", arXiv 1807.02811 (2018); J. Wu, S.
 * Toscano-Palmerin, P. I. Frazier, A. G. Wilson: "Practical Multi-fidelity Bayesian Optimization
 * for Hyperparameter Tuning", arXiv 1903.04703 (2019).
 */
public final class MultiFidelityGenerator extends GaussianProcessGenerator {

  /** Where the task finds its budget. */
  public static final String BUDGET = "dl4jplus.budget";

  private static final int SOBOL_POINTS = 512;
  private static final int CHOICES = 200;

  private final int maxBudget;
  private final double[] fidelities;
  private final double power;
  private final transient int[] budgets;

  /**
   * Creates a search.
   *
   * @param parameterSpace what to search
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone false but where the leaves have their indices, as read from JSON
   * @param minimize whether small scores are good; required
   * @param maxCandidates after how many candidates the search is over, at least 1; null for never
   * @param initialPoints Sobol points at the start, at least 2; default max(5, 2 parameters), at
   *     most 20
   * @param kernel of both parts of the covariance; default MATERN52
   * @param noise variance of the noise of standardised scores, in [1e-9, 1]; null to have it
   *     fitted. A small one, such as 1e-6, suits tasks that give the same each time
   * @param failed what becomes of failed candidates; default WORST
   * @param maxBudget epochs of a full training, at least 2; default 9
   * @param fidelities shares of them to choose from, in (0, 1], 1 among them; default 1/9, 1/3, 1.
   *     Those that come to the same whole number of epochs count once
   * @param power of the kernel, at least 0; default 1
   * @throws IllegalArgumentException outside the ranges
   */
  @Builder
  @JsonCreator
  private MultiFidelityGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("initialPoints") Integer initialPoints,
      @JsonProperty("kernel") Form kernel,
      @JsonProperty("noise") Double noise,
      @JsonProperty("failed") Failed failed,
      @JsonProperty("maxBudget") Integer maxBudget,
      @JsonProperty("fidelities") double[] fidelities,
      @JsonProperty("power") Double power) {
    super(
        parameterSpace,
        dataParameters,
        initDone,
        minimize,
        maxCandidates,
        initialPoints,
        kernel,
        noise,
        failed);
    this.maxBudget = Require.atLeast("maxBudget", maxBudget, 9, 2);
    this.fidelities = fidelities == null ? new double[] {1.0 / 9, 1.0 / 3, 1} : fidelities.clone();
    for (double fidelity : this.fidelities) {
      Require.check(fidelity > 0 && fidelity <= 1, "fidelities", fidelity, "in (0, 1]");
    }
    if (DoubleStream.of(this.fidelities).noneMatch(f -> f == 1)) {
      throw new IllegalArgumentException(
          "fidelities must have 1 among them, got " + Arrays.toString(this.fidelities));
    }
    this.power = Require.nonNegative("power", power, 1);
    budgets =
        DoubleStream.of(this.fidelities)
            .mapToInt(f -> Math.max(1, (int) Math.round(f * this.maxBudget)))
            .sorted()
            .distinct()
            .toArray();
  }

  private int budget(Trial trial) {
    return ((Number) trial.getData().get(BUDGET)).intValue();
  }

  private double[] at(double[] inputs, int budget) {
    double[] all = Arrays.copyOf(inputs, inputs.length + 1);
    all[inputs.length] = (double) budget / maxBudget;
    return all;
  }

  @Override
  double[] encode(Trial trial) {
    return at(super.encode(trial), budget(trial));
  }

  private Kernel prior() {
    return new FidelityKernel(encoding().kernel(form()), encoding().kernel(form()), power);
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    if (initial(index)) {
      return proposal(sobol(index), budgets[index % budgets.length]);
    }
    Data data = data();
    Model model = fitted("objective", prior(), data, Standardization.of(data.y()));
    for (Trial trial : pending()) {
      double[] x = encode(trial);
      model = model.with(x, model.process().predict(x).mean());
    }
    GaussianProcess process = model.process();
    List<double[]> choices = new ArrayList<>();
    for (double[] point : SobolPoints.draw(CHOICES, space().size(), random.nextLong())) {
      choices.add(at(encoding().encode(space().snap(point)), maxBudget));
    }
    complete().forEach(t -> choices.add(at(super.encode(t), maxBudget)));
    PosteriorGain gain = new PosteriorGain(process, choices);
    List<double[]> good =
        complete().stream()
            .sorted(Comparator.comparingDouble(t -> -atFull(process, t)))
            .limit(CubeMaximizer.BEST)
            .map(Trial::getPoint)
            .toList();
    double[] costs = costs();
    Found best = null;
    int bestBudget = maxBudget;
    for (int b = 0; b < budgets.length; b++) {
      int budget = budgets[b];
      double cost = costs[b];
      Found found =
          new CubeMaximizer(
                  space(),
                  point -> {
                    double[] inputs = encoding().encode(point);
                    return gain.overAll(at(inputs, budget), at(inputs, maxBudget)) / cost;
                  },
                  point -> taken(point, budget),
                  random)
              .maximize(SOBOL_POINTS, good);
      if (found != null && (best == null || found.value() > best.value())) {
        best = found;
        bestBudget = budget;
      }
    }
    return proposal(best == null ? sobol(index) : best.point(), bestBudget);
  }

  private static Proposal proposal(double[] point, int budget) {
    return new Proposal(point, Map.of(BUDGET, budget), false);
  }

  private boolean taken(double[] point, int budget) {
    return trials().stream()
        .anyMatch(t -> budget(t) == budget && Arrays.equals(t.getPoint(), point));
  }

  private double atFull(GaussianProcess process, Trial trial) {
    return process.predict(at(super.encode(trial), maxBudget)).mean();
  }

  /** The fitted cost of each budget. */
  private double[] costs() {
    List<Trial> told = complete();
    boolean updates = told.stream().allMatch(t -> metric(t, SearchMetrics::getCostUpdates) > 0);
    boolean seconds = told.stream().allMatch(t -> metric(t, SearchMetrics::getCostSeconds) > 0);
    double[] s = told.stream().mapToDouble(t -> (double) budget(t) / maxBudget).toArray();
    double[] cost =
        told.stream()
            .mapToDouble(
                t ->
                    updates
                        ? metric(t, SearchMetrics::getCostUpdates)
                        : seconds ? metric(t, SearchMetrics::getCostSeconds) : budget(t))
            .toArray();
    double[] line = line(s, cost);
    return Arrays.stream(budgets).mapToDouble(b -> line[0] + line[1] * b / maxBudget).toArray();
  }

  private static double metric(Trial trial, ToDoubleFunction<SearchMetrics> figure) {
    return trial.getMetrics() == null ? 0 : figure.applyAsDouble(trial.getMetrics());
  }

  /** Least squares with an intercept and a slope that are not negative. */
  static double[] line(double[] s, double[] cost) {
    double meanS = Arrays.stream(s).average().orElseThrow();
    double meanCost = Arrays.stream(cost).average().orElseThrow();
    double squares = 0;
    double products = 0;
    double rawSquares = 0;
    double rawProducts = 0;
    for (int i = 0; i < s.length; i++) {
      squares += (s[i] - meanS) * (s[i] - meanS);
      products += (s[i] - meanS) * (cost[i] - meanCost);
      rawSquares += s[i] * s[i];
      rawProducts += s[i] * cost[i];
    }
    double slope = squares == 0 ? 0 : products / squares;
    if (slope <= 0) {
      return new double[] {meanCost, 0};
    }
    double intercept = meanCost - slope * meanS;
    return intercept < 0
        ? new double[] {0, rawProducts / rawSquares}
        : new double[] {intercept, slope};
  }

  /**
   * The candidate whose configuration is expected to be the best after a full training.
   *
   * @return the one of them with the largest budget; null before there is any score
   */
  public Trial recommendation() {
    List<Trial> told = complete();
    if (told.isEmpty()) {
      return null;
    }
    Data data = data();
    GaussianProcess process =
        model("objective", prior(), data, Standardization.of(data.y())).process();
    return told.stream()
        .max(
            Comparator.comparingDouble((Trial t) -> atFull(process, t))
                .thenComparingInt(this::budget))
        .orElseThrow();
  }
}
