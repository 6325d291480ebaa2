package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer.Found;
import org.dl4jplus.bilevel.search.acquisition.OptimisticChoice;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.GaussianProcess.Prediction;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * CONFIG: a search under constraints that are as expensive as the score (a latency, a memory, a gap
 * of fairness, each less its bound), which says so when no configuration keeps them. Tasks tell the
 * constraints by {@link SearchMetrics}; each holds where its number is at most 0.
 *
 * <pre>{@code
 * next = argmin LCB_score(x)  subject to  LCB_c(x) <= 0 for every constraint c
 * LCB  = mean - beta deviation
 * beta = 3, or bound + noise sqrt(2 (gain + 1 + log((constraints + 1)/delta)))    (THEORY)
 * }</pre>
 *
 * where gain is the information gain {@code log det(I + K/noise)/2} of the data. The point is
 * sought among 4,096 Sobol points and perturbations of the best candidates, and improved from
 * there.
 *
 * <p>Where no such point is found, the largest constraint bound is minimised from the 10 best
 * points before that counts as a round without hope, and the point where it is least is evaluated
 * next. After {@code infeasiblePatience} such rounds in a row the search ends, and {@link
 * #report()} tells. It never ends so once a candidate has kept all constraints.
 *
 * <p>Where the best point lies on the bound of a constraint and the space is continuous, the search
 * comes near to it from outside: the chosen point has {@code LCB_c(x) = 0}, so its constraint is
 * expected to be {@code beta deviation(x) > 0}, which falls towards 0 and never below. Hardly any
 * candidate keeps the constraint. So tell the constraint with a bound that is a little tighter than
 * the one that must hold, by a hundredth of its range, say: candidates that miss the tighter bound
 * by less than that keep the other one. In a space of whole numbers or options there are points
 * within the bound, and nothing has to be done.
 *
 * <p>W. Xu, Y. Jiang, B. Svetozarevic, C. N. Jones: "Constrained Efficient Global Optimization of
 * Expensive Black-box Functions", arXiv 2211.00162 (2023).
 */
public final class ConfigGenerator extends GaussianProcessGenerator {

  private static final Logger log = LoggerFactory.getLogger(ConfigGenerator.class);

  private static final int SOBOL_POINTS = 4096;
  private static final int STARTS = 10;
  private static final long VERDICT = 3;

  /** Where beta comes from. */
  public enum Confidence {
    /** A constant, as in the official code. */
    CONSTANT,
    /** The bound of the paper's proof. */
    THEORY
  }

  /**
   * Why a search found its problem infeasible.
   *
   * @param beta of the confidence bounds, the largest of the constraints'
   * @param point where the largest bound of the constraints is least
   * @param value that bound, above 0
   * @param candidates complete ones by then
   */
  public record Report(
      @JsonProperty("beta") double beta,
      @JsonProperty("point") double[] point,
      @JsonProperty("value") double value,
      @JsonProperty("candidates") int candidates) {}

  private final Confidence confidence;
  private final double beta;
  private final double bound;
  private final double delta;
  private final int infeasiblePatience;
  private int infeasibleRounds;
  private Report report;

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
   * @param kernel of the Gaussian processes; default MATERN52
   * @param noise variance of the noise of standardised scores and constraints, in [1e-9, 1]; null
   *     to have it fitted. A small one, such as 1e-6, suits tasks that give the same each time
   * @param failed what becomes of failed candidates; default WORST. Nothing is learnt of their
   *     constraints
   * @param confidence where beta comes from; default CONSTANT
   * @param beta the constant, above 0; default 3
   * @param bound of THEORY, above 0: the norm of the functions; default 1
   * @param delta of THEORY, in (0, 1): the probability of a wrong verdict; default 0.05
   * @param infeasiblePatience rounds without hope that end the search, at least 1; default 2
   * @throws IllegalArgumentException outside the ranges
   */
  @Builder
  @JsonCreator
  private ConfigGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("initialPoints") Integer initialPoints,
      @JsonProperty("kernel") Form kernel,
      @JsonProperty("noise") Double noise,
      @JsonProperty("failed") Failed failed,
      @JsonProperty("confidence") Confidence confidence,
      @JsonProperty("beta") Double beta,
      @JsonProperty("bound") Double bound,
      @JsonProperty("delta") Double delta,
      @JsonProperty("infeasiblePatience") Integer infeasiblePatience) {
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
    this.confidence = confidence == null ? Confidence.CONSTANT : confidence;
    this.beta = Require.positive("beta", beta, 3);
    this.bound = Require.positive("bound", bound, 1);
    this.delta = Require.between("delta", delta, 0.05, 0, 1);
    this.infeasiblePatience = Require.count("infeasiblePatience", infeasiblePatience, 2);
  }

  /**
   * The verdict.
   *
   * @return why the problem was found infeasible; null where it was not
   */
  public Report report() {
    return report;
  }

  @Override
  protected boolean isFinished() {
    return report != null;
  }

  @Override
  protected void observe(Trial trial) {
    if (trial.getStatus() != Trial.Status.COMPLETE) {
      return;
    }
    if (constraintsOf(trial).length == 0) {
      throw new IllegalStateException(
          "Candidate "
              + trial.getIndex()
              + " told no constraints; ConfigGenerator needs a task that puts SearchMetrics with"
              + " constraints into its result");
    }
    List<Trial> told = complete();
    if (report != null || told.size() < initialPoints()) {
      return;
    }
    if (told.stream().anyMatch(GaussianProcessGenerator::feasible)) {
      infeasibleRounds = 0;
      return;
    }
    List<Model> constraints = constraints();
    SplittableRandom random =
        new SplittableRandom(CounterNoise.deriveSeed(seed(), VERDICT, told.size()));
    Found least = leastViolation(constraints, p -> false, random);
    infeasibleRounds = -least.value() > 0 ? infeasibleRounds + 1 : 0;
    if (infeasibleRounds >= infeasiblePatience) {
      double largest = constraints.stream().mapToDouble(m -> beta(m, constraints)).max().orElse(0);
      report = new Report(largest, least.point(), -least.value(), told.size());
      log.warn(
          "No configuration seems to keep the constraints: the search ends. The largest lower bound"
              + " is least at {}, {}",
          parameters(least.point()),
          -least.value());
    }
  }

  private String parameters(double[] point) {
    StringBuilder text = new StringBuilder();
    for (int d = 0; d < point.length; d++) {
      text.append(d == 0 ? "" : ", ")
          .append(space().dimensions().get(d).name())
          .append(" = ")
          .append(space().value(d, point[d]));
    }
    return text.toString();
  }

  private Found leastViolation(
      List<Model> constraints, Predicate<double[]> excluded, SplittableRandom random) {
    List<double[]> good =
        complete().stream()
            .sorted(Comparator.comparingDouble(t -> OptimisticChoice.violation(constraintsOf(t))))
            .limit(CubeMaximizer.BEST)
            .map(Trial::getPoint)
            .toList();
    return new CubeMaximizer(
            space(),
            point -> -OptimisticChoice.violation(bounds(constraints, encoding().encode(point))),
            excluded,
            random)
        .maximize(SOBOL_POINTS, good, STARTS);
  }

  private double[] bounds(List<Model> constraints, double[] x) {
    return constraints.stream().mapToDouble(m -> lowerBound(m, constraints, x)).toArray();
  }

  /** In the units of the task. */
  private double lowerBound(Model model, List<Model> constraints, double[] x) {
    Prediction at = model.process().predict(x);
    double standardised =
        Acquisitions.confidenceBound(at.mean(), at.deviation(), -beta(model, constraints));
    return model.scale().invert(standardised);
  }

  private double beta(Model model, List<Model> constraints) {
    if (confidence == Confidence.CONSTANT) {
      return beta;
    }
    GaussianProcess process = model.process();
    double logs = Math.log((constraints.size() + 1) / delta);
    return bound + Math.sqrt(2 * process.noise() * (process.informationGain() + 1 + logs));
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    if (initial(index)) {
      return Proposal.of(sobol(index));
    }
    Model objective = objective(data());
    List<Model> constraints = new ArrayList<>(constraints());
    for (Trial trial : pending()) {
      double[] x = encode(trial);
      objective = objective.with(x, objective.process().predict(x).mean());
      constraints.replaceAll(m -> m.with(x, m.process().predict(x).mean()));
    }
    GaussianProcess process = objective.process();
    double optimism = beta(objective, constraints);
    List<Trial> kept = complete().stream().filter(GaussianProcessGenerator::feasible).toList();
    Found found =
        new CubeMaximizer(
                space(),
                point -> {
                  double[] x = encoding().encode(point);
                  Prediction at = process.predict(x);
                  // The process maximises: its upper bound is the negated lower one of the score.
                  double bound = -Acquisitions.confidenceBound(at.mean(), at.deviation(), optimism);
                  return OptimisticChoice.worth(bound, bounds(constraints, x));
                },
                this::taken,
                random)
            .maximize(SOBOL_POINTS, good(kept.isEmpty() ? complete() : kept), STARTS);
    if (found == null || found.value() == Double.NEGATIVE_INFINITY) {
      found = leastViolation(constraints, this::taken, random);
    }
    return Proposal.of(found == null ? sobol(index) : found.point());
  }
}
