package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import lombok.Builder;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer;
import org.dl4jplus.bilevel.search.acquisition.CubeMaximizer.Found;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.GaussianProcess.Prediction;
import org.dl4jplus.bilevel.search.gp.Standardization;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Bayesian search, in the place of Arbiter's {@code RandomSearchGenerator}: the first candidates
 * are Sobol points, each later one maximises an acquisition under a Gaussian process of the scores
 * (kernel {@code variance * Matern 5/2} with a length-scale for each parameter, and noise).
 *
 * <pre>{@code
 * CandidateGenerator generator =
 *     BayesianSearchGenerator.builder().parameterSpace(space).minimize(true).build();
 * }</pre>
 *
 * <p>Where tasks tell {@link SearchMetrics constraints}, each has a Gaussian process of its own,
 * the acquisition is multiplied by the probability that all hold, and the best score is that of the
 * best candidate that keeps them; before there is one, the probability alone is maximised. {@link
 * Acquisition#UCB}, which cannot be multiplied, gives way to LOG_EI then.
 *
 * <p>With several workers, candidates that are being evaluated count as observed with a {@link
 * Pending guessed} value; {@link Acquisition#Q_EI} takes them and the new candidate together.
 *
 * <p>{@link Beliefs} of the user draw the search to where the user expects the best.
 *
 * <p>P. I. Frazier: "A Tutorial on Bayesian Optimization", arXiv 1807.02811 (2018).
 */
public final class BayesianSearchGenerator extends GaussianProcessGenerator {

  private static final int SOBOL_POINTS = 1024;
  private static final int KG_POINTS = 200;
  private static final int MAXIMA = 10;
  private static final int MAXIMUM_POINTS = 1000;
  private static final int JOINT_SAMPLES = 512;

  /** What makes a point worth trying. */
  public enum Acquisition {
    /** Expected improvement. */
    EI,
    /** Its logarithm, which has no underflow: the default. */
    LOG_EI,
    /** Upper confidence bound, mean + beta standard deviations. */
    UCB,
    /** Expected gain of the largest posterior mean of the evaluated points and the new one. */
    NOISY_EI,
    /** Knowledge gradient: the same over 200 Sobol points besides. */
    KNOWLEDGE_GRADIENT,
    /** Max-value entropy search, with 10 samples of the maximum. */
    MAX_VALUE_ENTROPY,
    /** Expected improvement of the new candidate and all pending ones together. */
    Q_EI
  }

  /** The value that a candidate counts with while it is evaluated. */
  public enum Pending {
    /** The mean at its point. */
    KRIGING_BELIEVER,
    /** The worst score so far. */
    LIAR_MIN,
    /** The mean of the scores so far. */
    LIAR_MEAN,
    /** The best score so far. */
    LIAR_MAX
  }

  private final Acquisition acquisition;
  private final double beta;
  private final Pending pending;
  private final Beliefs beliefs;

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
   * @param noise variance of the noise of standardised scores, in [1e-9, 1]; null to have it
   *     fitted. A small one, such as 1e-6, suits tasks that give the same each time
   * @param acquisition what is maximised; default LOG_EI
   * @param beta standard deviations of UCB, at least 0; default 2
   * @param pending the value of candidates being evaluated; default KRIGING_BELIEVER
   * @param failed what becomes of failed candidates; default WORST
   * @param beliefs of the user; null for none. With EI, LOG_EI and MAX_VALUE_ENTROPY; by {@link
   *     Beliefs.Rule#PI_BO} with all but UCB
   * @throws IllegalArgumentException outside the ranges
   */
  @Builder
  @JsonCreator
  private BayesianSearchGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("initialPoints") Integer initialPoints,
      @JsonProperty("kernel") Form kernel,
      @JsonProperty("noise") Double noise,
      @JsonProperty("acquisition") Acquisition acquisition,
      @JsonProperty("beta") Double beta,
      @JsonProperty("pending") Pending pending,
      @JsonProperty("failed") Failed failed,
      @JsonProperty("beliefs") Beliefs beliefs) {
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
    this.acquisition = acquisition == null ? Acquisition.LOG_EI : acquisition;
    this.beta = Require.nonNegative("beta", beta, 2);
    this.pending = pending == null ? Pending.KRIGING_BELIEVER : pending;
    this.beliefs = beliefs;
    if (beliefs != null) {
      beliefs.check(space(), this.acquisition);
    }
  }

  /**
   * What the user believes.
   *
   * @return the beliefs; null for none
   */
  public Beliefs beliefs() {
    return beliefs;
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    if (initial(index)) {
      double[] point = sobol(index);
      return Proposal.of(index == 0 && beliefs != null ? beliefs.mode(space(), point) : point);
    }
    Data data = data();
    Model objective = objective(data);
    List<Model> constraints = new ArrayList<>(constraints());
    double best = best(objective.scale());
    List<Trial> running = pending();
    if (acquisition != Acquisition.Q_EI) {
      for (Trial trial : running) {
        double[] x = encode(trial);
        objective = objective.with(x, guess(objective.process(), x, data, objective.scale()));
      }
    }
    for (Trial trial : running) {
      double[] x = encode(trial);
      constraints.replaceAll(m -> m.with(x, m.process().predict(x).mean()));
    }
    List<double[]> good = good(constraints.isEmpty() ? complete() : kept());
    ToDoubleFunction<double[]> function = worth(objective, constraints, best, running, random);
    Found found =
        new CubeMaximizer(space(), function, this::taken, random).maximize(SOBOL_POINTS, good);
    // Null where every point of the space has been tried: the base class draws one.
    return Proposal.of(found == null ? sobol(index) : found.point());
  }

  /** The complete candidates that keep the constraints; all where none does. */
  private List<Trial> kept() {
    List<Trial> kept = complete().stream().filter(GaussianProcessGenerator::feasible).toList();
    return kept.isEmpty() ? complete() : kept;
  }

  /** The best standardised value among those that keep the constraints; NaN where none does. */
  private double best(Standardization scale) {
    return complete().stream()
        .filter(GaussianProcessGenerator::feasible)
        .mapToDouble(t -> scale.apply(-loss(t)))
        .max()
        .orElse(Double.NaN);
  }

  private double guess(GaussianProcess process, double[] x, Data data, Standardization scale) {
    return switch (pending) {
      case KRIGING_BELIEVER -> process.predict(x).mean();
      case LIAR_MIN -> scale.apply(Arrays.stream(data.y()).min().orElseThrow());
      case LIAR_MEAN -> scale.apply(Arrays.stream(data.y()).average().orElseThrow());
      case LIAR_MAX -> scale.apply(Arrays.stream(data.y()).max().orElseThrow());
    };
  }

  /** The acquisition as a function of points of the cube, constraints and beliefs included. */
  private ToDoubleFunction<double[]> worth(
      Model model,
      List<Model> constraints,
      double best,
      List<Trial> running,
      SplittableRandom random) {
    if (Double.isNaN(best)) {
      return point -> logFeasibility(constraints, encoding().encode(point));
    }
    GaussianProcess process = model.process();
    boolean logarithm =
        acquisition == Acquisition.LOG_EI
            || acquisition == Acquisition.UCB && !constraints.isEmpty();
    ToDoubleFunction<double[]> plain =
        logarithm
            ? x -> logImprovement(process.predict(x), best)
            : plain(process, best, running, random);
    if (beliefs != null && beliefs.rule() == Beliefs.Rule.COLABO) {
      BeliefDraws draws =
          new BeliefDraws(beliefs, space(), encoding(), model, isMinimize(), random);
      boolean entropy = acquisition == Acquisition.MAX_VALUE_ENTROPY;
      return point -> {
        double[] x = encoding().encode(point);
        double value =
            entropy
                ? draws.entropy(x)
                : draws.improvement(x, Math.exp(logImprovement(process.predict(x), best)));
        return value * Math.exp(logFeasibility(constraints, x));
      };
    }
    ToDoubleFunction<double[]> constrained =
        x -> {
          double value = plain.applyAsDouble(x);
          double feasibility = constraints.isEmpty() ? 0 : logFeasibility(constraints, x);
          return logarithm ? value + feasibility : value * Math.exp(feasibility);
        };
    if (beliefs == null) {
      return point -> constrained.applyAsDouble(encoding().encode(point));
    }
    ToDoubleFunction<double[]> prior = beliefs.logPrior(space());
    int n = complete().size();
    return point -> {
      double value = constrained.applyAsDouble(encoding().encode(point));
      return beliefs.piBo(logarithm ? value : Math.log(value), prior.applyAsDouble(point), n);
    };
  }

  private static double logImprovement(Prediction prediction, double best) {
    return Acquisitions.logExpectedImprovement(prediction.mean(), prediction.deviation(), best);
  }

  private static double logFeasibility(List<Model> constraints, double[] x) {
    int count = constraints.size();
    double[] means = new double[count];
    double[] deviations = new double[count];
    for (int c = 0; c < count; c++) {
      Model model = constraints.get(c);
      Prediction prediction = model.process().predict(x);
      means[c] = model.scale().invert(prediction.mean());
      deviations[c] = model.scale().deviation() * prediction.deviation();
    }
    return Acquisitions.logFeasibility(means, deviations);
  }

  /** An acquisition that is at least 0, as a function of inputs. */
  private ToDoubleFunction<double[]> plain(
      GaussianProcess process, double best, List<Trial> running, SplittableRandom random) {
    return switch (acquisition) {
      case EI, LOG_EI -> x -> Math.exp(logImprovement(process.predict(x), best));
      case UCB ->
          x -> {
            Prediction at = process.predict(x);
            return Acquisitions.confidenceBound(at.mean(), at.deviation(), beta);
          };
      case NOISY_EI -> gain(process, List.of())::overPresent;
      case KNOWLEDGE_GRADIENT ->
          gain(
                  process,
                  Arrays.stream(SobolPoints.draw(KG_POINTS, space().size(), random.nextLong()))
                      .map(p -> encoding().encode(space().snap(p)))
                      .toList())
              ::overAll;
      case MAX_VALUE_ENTROPY -> entropy(process, best, random);
      case Q_EI -> joint(process, best, running, random);
    };
  }

  private static PosteriorGain gain(GaussianProcess process, List<double[]> grid) {
    List<double[]> points = new ArrayList<>(grid);
    for (int i = 0; i < process.size(); i++) {
      points.add(process.point(i));
    }
    return new PosteriorGain(process, points);
  }

  private ToDoubleFunction<double[]> entropy(
      GaussianProcess process, double best, SplittableRandom random) {
    double[] means = new double[MAXIMUM_POINTS];
    double[] deviations = new double[MAXIMUM_POINTS];
    double[][] points = SobolPoints.draw(MAXIMUM_POINTS, space().size(), random.nextLong());
    for (int i = 0; i < MAXIMUM_POINTS; i++) {
      Prediction at = process.predict(encoding().encode(space().snap(points[i])));
      means[i] = at.mean();
      deviations[i] = at.deviation();
    }
    double[] uniforms = random.doubles(MAXIMA, 1e-9, 1).toArray();
    double floor = best + 5 * Math.sqrt(process.noise());
    double[] maxima = Acquisitions.maxima(means, deviations, uniforms, floor);
    return x -> {
      Prediction at = process.predict(x);
      return Acquisitions.maxValueEntropy(at.mean(), at.deviation(), maxima);
    };
  }

  private ToDoubleFunction<double[]> joint(
      GaussianProcess process, double best, List<Trial> running, SplittableRandom random) {
    int q = running.size() + 1;
    NormalDistribution normal = new NormalDistribution(null, 0, 1);
    double[][] normals = SobolPoints.draw(JOINT_SAMPLES, q, random.nextLong());
    for (double[] row : normals) {
      Arrays.setAll(
          row,
          j -> normal.inverseCumulativeProbability(Math.min(Math.max(row[j], 1e-9), 1 - 1e-9)));
    }
    double[][] points = new double[q][];
    double[][] whitened = new double[q][];
    double[] means = new double[q];
    double[][] covariance = new double[q][q];
    for (int i = 0; i < q - 1; i++) {
      points[i] = encode(running.get(i));
      Prediction at = process.predict(points[i]);
      means[i] = at.mean();
      whitened[i] = at.whitened();
      for (int j = 0; j <= i; j++) {
        covariance[i][j] = process.covariance(points[i], whitened[i], points[j], whitened[j]);
      }
    }
    return x -> {
      Prediction at = process.predict(x);
      means[q - 1] = at.mean();
      for (int j = 0; j < q - 1; j++) {
        covariance[q - 1][j] = process.covariance(x, at.whitened(), points[j], whitened[j]);
      }
      covariance[q - 1][q - 1] = at.variance();
      return Acquisitions.expectedImprovement(means, covariance, normals, best);
    };
  }
}
