package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.Kernel;
import org.dl4jplus.bilevel.search.gp.SpaceEncoding;
import org.dl4jplus.bilevel.search.gp.Standardization;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the searches that model the score by a Gaussian process have in common: the first
 * candidates, the observations, the fitted hyperparameters.
 *
 * <p>Scores are standardised, and turned so that large values are good. Where one is 1,000 times as
 * far from the best of the first candidates as their median is, as of losses that diverge, none
 * counts as further off than 10 times that; the specification knows no such limit. Hyperparameters
 * are fitted at each new observation up to 50 of them, then at every fifth; they are part of the
 * JSON. Of more than 500 observations the 50 best and the most recent are used.
 */
public abstract class GaussianProcessGenerator extends FeedbackGenerator {

  private static final Logger log = LoggerFactory.getLogger(GaussianProcessGenerator.class);

  private static final int MOST_INITIAL_POINTS = 20;
  private static final int ALWAYS_FITTED = 50;
  private static final int REFIT = 5;
  private static final int MOST_OBSERVATIONS = 500;
  private static final int BEST_KEPT = 50;
  private static final int STARTS = 5;
  private static final int MANY = 100;
  private static final int STARTS_OF_MANY = 2;
  private static final double FAILURE_NOISE = 3;
  private static final double DIVERGED = 1000;
  private static final double FAR_OFF = 10;
  private static final long SOBOL = 1;
  private static final long FIT = 2;

  /** What becomes of candidates that failed. */
  public enum Failed {
    /** They count as the worst score so far, with three times the noise. */
    WORST,
    /** They are passed over. */
    IGNORE
  }

  /** Hyperparameters, and after how many observations they were fitted. */
  record Fitted(
      @JsonProperty("parameters") double[] parameters,
      @JsonProperty("observations") int observations) {}

  /** What is known: inputs, values (large ones are good, not standardised), noise factors. */
  record Data(double[][] x, double[] y, double[] factors) {}

  /** A process of standardised values, and the way back. */
  record Model(GaussianProcess process, Standardization scale) {

    Model with(double[] x, double standardised) {
      return new Model(process.with(x, standardised), scale);
    }
  }

  private final int initialPoints;
  private final Form kernel;
  private final Double noise;
  private final Failed failed;
  private Map<String, Fitted> fitted = new TreeMap<>();
  private final transient SpaceEncoding encoding;

  GaussianProcessGenerator(
      ParameterSpace<?> parameterSpace,
      Map<String, Object> dataParameters,
      boolean initDone,
      Boolean minimize,
      Integer maxCandidates,
      Integer initialPoints,
      Form kernel,
      Double noise,
      Failed failed) {
    super(parameterSpace, dataParameters, initDone, minimize, maxCandidates);
    int free = (int) space().dimensions().stream().filter(d -> !d.fixed()).count();
    this.initialPoints =
        Require.atLeast(
            "initialPoints",
            initialPoints,
            Math.min(Math.max(5, 2 * free), MOST_INITIAL_POINTS),
            2);
    this.kernel = kernel == null ? Form.MATERN52 : kernel;
    this.noise = noise == null ? null : Require.within("noise", noise, 1, 1e-9, 1);
    this.failed = failed == null ? Failed.WORST : failed;
    encoding = new SpaceEncoding(space().dimensions());
  }

  /** The prior of the noise; bounds that leave no choice where the user knows it. */
  private Kernel.Prior noisePrior() {
    return noise == null ? Kernel.Prior.NOISE : new Kernel.Prior(noise, 1, noise, noise);
  }

  /**
   * Whether a candidate is one of the first, which know of no others. Equal scores tell nothing,
   * but the constraints beside them do.
   */
  final boolean initial(int index) {
    List<Trial> complete = complete();
    return index < initialPoints
        || complete.size() < 2
        || complete.stream().mapToDouble(this::loss).distinct().count() < 2
            && complete.stream().allMatch(t -> constraintsOf(t).length == 0);
  }

  /** The point of a candidate that knows of no others. */
  final double[] sobol(int index) {
    return SobolPoints.shifted(space().size(), CounterNoise.deriveSeed(seed(), SOBOL)).point(index);
  }

  final SpaceEncoding encoding() {
    return encoding;
  }

  final Form form() {
    return kernel;
  }

  /** The inputs of a candidate. */
  double[] encode(Trial trial) {
    return encoding.encode(trial.getPoint());
  }

  final List<Trial> pending() {
    return trials().stream().filter(t -> t.getStatus() == Trial.Status.PENDING).toList();
  }

  /** Whether there is a candidate at a point, whatever became of it. */
  final boolean taken(double[] point) {
    return trials().stream().anyMatch(t -> Arrays.equals(t.getPoint(), point));
  }

  /** The candidates to learn the score from. */
  final Data data() {
    List<Trial> known = new ArrayList<>(trials());
    known.removeIf(
        t ->
            t.getStatus() == Trial.Status.PENDING
                || t.getStatus() == Trial.Status.FAILED && failed == Failed.IGNORE);
    double worst = worst();
    known = most(known, worst);
    double[][] x = known.stream().map(this::encode).toArray(double[][]::new);
    double[] y = known.stream().mapToDouble(t -> Math.max(value(t, worst), worst)).toArray();
    double[] factors =
        known.stream()
            .mapToDouble(t -> t.getStatus() == Trial.Status.FAILED ? FAILURE_NOISE : 1)
            .toArray();
    return new Data(x, y, factors);
  }

  /**
   * What no value counts below. A loss that has diverged would take all of the scale, and leave
   * none to tell the others apart.
   */
  private double worst() {
    double worst = complete().stream().mapToDouble(t -> -loss(t)).min().orElseThrow();
    double[] first =
        complete().stream()
            .filter(t -> t.getIndex() < initialPoints)
            .mapToDouble(t -> -loss(t))
            .sorted()
            .toArray();
    if (first.length == 0) {
      return worst;
    }
    double best = first[first.length - 1];
    double gap = best - first[first.length / 2];
    return gap > 0 && best - worst > DIVERGED * gap ? best - FAR_OFF * gap : worst;
  }

  private double value(Trial trial, double worst) {
    return trial.getStatus() == Trial.Status.FAILED ? worst : -loss(trial);
  }

  private List<Trial> most(List<Trial> known, double worst) {
    if (known.size() <= MOST_OBSERVATIONS) {
      return known;
    }
    log.info(
        "Of {} candidates the {} best and the most recent are used, {} in all",
        known.size(),
        BEST_KEPT,
        MOST_OBSERVATIONS);
    List<Trial> byValue = new ArrayList<>(known);
    byValue.sort(Comparator.comparingDouble(t -> -value(t, worst)));
    List<Trial> best = byValue.subList(0, BEST_KEPT);
    List<Trial> others = new ArrayList<>(known);
    others.removeAll(best);
    int from = others.size() - (MOST_OBSERVATIONS - BEST_KEPT);
    List<Trial> kept = new ArrayList<>(others.subList(from, others.size()));
    kept.addAll(best);
    kept.sort(Comparator.comparingInt(Trial::getIndex));
    return kept;
  }

  /** The model of the score. */
  final Model objective(Data data) {
    return fitted("objective", encoding.kernel(kernel), data, Standardization.of(data.y()));
  }

  /** A model with fitted hyperparameters, which are remembered by its name. */
  final Model fitted(String name, Kernel start, Data data, Standardization scale) {
    Model model = model(name, start, data, scale);
    fitted.put(name, new Fitted(model.process().parameters(), fittedAt(name)));
    return model;
  }

  /** After how many observations the hyperparameters of now are fitted. */
  private int fittedAt(String name) {
    int n = (int) trials().stream().filter(t -> t.getStatus() != Trial.Status.PENDING).count();
    Fitted before = fitted.get(name);
    int wait = n <= ALWAYS_FITTED ? 1 : REFIT;
    return before == null || n - before.observations() >= wait ? n : before.observations();
  }

  /** The model that a proposal would use now; nothing is remembered. */
  final Model model(String name, Kernel start, Data data, Standardization scale) {
    GaussianProcess process =
        GaussianProcess.of(
            start, noisePrior().median(), data.x(), scale.apply(data.y()), data.factors());
    Fitted before = fitted.get(name);
    if (before != null) {
      process = process.with(before.parameters());
    }
    int n = fittedAt(name);
    if (before == null || n != before.observations()) {
      long fitSeed = CounterNoise.deriveSeed(seed(), FIT, n);
      process = process.fit(n <= MANY ? STARTS : STARTS_OF_MANY, fitSeed, noisePrior());
    }
    return new Model(process, scale);
  }

  /**
   * The models of the constraints, of which all complete candidates with metrics tell the same
   * number; none where there are no constraints.
   */
  final List<Model> constraints() {
    List<Trial> told = complete().stream().filter(t -> constraintsOf(t).length > 0).toList();
    if (told.isEmpty()) {
      return List.of();
    }
    if (told.size() > MOST_OBSERVATIONS) {
      told = told.subList(told.size() - MOST_OBSERVATIONS, told.size());
    }
    int count = constraintsOf(told.get(0)).length;
    double[][] x = told.stream().map(this::encode).toArray(double[][]::new);
    List<Model> models = new ArrayList<>();
    for (int c = 0; c < count; c++) {
      double[] y = new double[told.size()];
      for (int i = 0; i < y.length; i++) {
        y[i] = constraintsOf(told.get(i), count)[c];
      }
      double[] factors = bounded(y);
      models.add(
          fitted(
              "constraint " + c,
              encoding.kernel(kernel),
              new Data(x, y, factors),
              constraintScale(y)));
    }
    return models;
  }

  /**
   * Puts the largest size of the finite numbers, or 1, in the place of those that are not, of which
   * NaN is a broken constraint, and gives the noise factors.
   */
  private static double[] bounded(double[] y) {
    double size = Arrays.stream(y).filter(Double::isFinite).map(Math::abs).max().orElse(0);
    size = size == 0 ? 1 : size;
    double[] factors = new double[y.length];
    for (int i = 0; i < y.length; i++) {
      factors[i] = Double.isFinite(y[i]) ? 1 : FAILURE_NOISE;
      y[i] = Double.isFinite(y[i]) ? y[i] : y[i] < 0 ? -size : size;
    }
    return factors;
  }

  /** Of a constraint that has been the same everywhere, nothing is known elsewhere. */
  private static Standardization constraintScale(double[] y) {
    Standardization scale = Standardization.of(y);
    double size = Math.max(Math.abs(scale.mean()), 1e-9);
    return scale.deviation() > 1e-9 * size ? scale : new Standardization(scale.mean(), size);
  }

  static double[] constraintsOf(Trial trial) {
    return trial.getMetrics() == null ? new double[0] : trial.getMetrics().getConstraints();
  }

  private static double[] constraintsOf(Trial trial, int count) {
    double[] all = constraintsOf(trial);
    if (all.length != count) {
      throw new IllegalStateException(
          "Candidate "
              + trial.getIndex()
              + " told "
              + all.length
              + " constraints, earlier ones "
              + count);
    }
    return all;
  }

  static boolean feasible(Trial trial) {
    return Arrays.stream(constraintsOf(trial)).allMatch(c -> c <= 0);
  }

  /** The best points so far, the best first. */
  final List<double[]> good(List<Trial> among) {
    return among.stream()
        .sorted(Comparator.comparingDouble(this::loss))
        .limit(CubeMaximizer.BEST)
        .map(Trial::getPoint)
        .toList();
  }

  /** The place of the largest number; the first of equal ones, -1 for no numbers. */
  static int argmax(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .max((i, j) -> values[i] != values[j] ? Double.compare(values[i], values[j]) : j - i)
        .orElse(-1);
  }

  /**
   * The number of first candidates that know of no others.
   *
   * @return at least 2
   */
  public final int initialPoints() {
    return initialPoints;
  }
}
