package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.util.LeafUtils;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.carbs.CostFront;
import org.dl4jplus.bilevel.search.carbs.SurrogateOutputs;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.GaussianProcess.Prediction;
import org.dl4jplus.bilevel.search.gp.Kernel;
import org.dl4jplus.bilevel.search.gp.LinearKernel;
import org.dl4jplus.bilevel.search.gp.StationaryKernel;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.dl4jplus.bilevel.search.gp.SumKernel;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * CARBS: a search without bounds along the front of cost and quality, whose leaves are {@link
 * CarbsParameterSpace}s. The cost of a candidate is what its task tells in {@link SearchMetrics}.
 *
 * <pre>{@code
 * the first numRandomSamples    start + N(0, radius^2), in units of the scales
 * every resampleFrequency       the group of the conservative front with the fewest observations
 * otherwise, of 100 candidates for each parameter, origin on the front + N(0, radius^2), the one
 * with the largest   EI(quality; front at the cost, explorationBias) * nearness * P(no failure)
 * }</pre>
 *
 * Quality, logarithm of the cost and failure are Gaussian processes with kernel linear + Matern 3/2
 * over the units, the first of the outputs mapped to a normal distribution; the front's quality at
 * a cost is one with kernel RBF over the logarithm of the cost, no less than it is at one random
 * cost of the front. Nearness is the normal density of the distance to the nearest group of the
 * front. With several workers, a pending candidate counts as observed with a draw from its
 * posterior.
 *
 * <p>Departures: the processes are fitted by maximum a posteriori (the authors' program hardly
 * trains its own), and the probability of a failure divides by the standard deviation where the
 * program has the variance. Units count from the start of a parameter. A scale that rounds is
 * searched at its rounded values, so that equal configurations are one group of the front, and a
 * configuration is proposed again for the front's sake alone.
 *
 * <p>A. J. Fetterman, E. Kitanidis, J. Albrecht, Z. Polizzi, B. Fogelman, M. Knutins, B.
 * Wroblewski, J. B. Simon, K. Qiu: "Tune As You Scale: Hyperparameter Optimization For Compute
 * Efficient Training", arXiv 2306.08055 (2023).
 */
public final class CarbsGenerator extends FeedbackGenerator {

  /** Data parameter of a candidate that observes a point of the front again. */
  public static final String RESAMPLED = "dl4jplus.resampled";

  private static final int CANDIDATES = 100;
  private static final int MOST_OVERSAMPLING = 64;
  private static final Kernel.Prior NOISE = new Kernel.Prior(0.01, 0.5, 1e-6, 1);
  private static final int STARTS = 2;

  /** What a candidate costs. */
  public enum Cost {
    /** Parameter updates: the same on every machine. */
    UPDATES,
    /** Seconds. */
    SECONDS
  }

  /**
   * How a parameter grows with the cost along the front, by least squares.
   *
   * @param name of the parameter
   * @param exponent on a scale of ratios the a of {@code parameter ~ cost^a}; otherwise the change
   *     in units of the scale for each factor of e in the cost
   */
  public record ScalingLaw(String name, double exponent) {}

  private final int numRandomSamples;
  private final int resampleFrequency;
  private final double radius;
  private final double minParetoCostFraction;
  private final double explorationBias;
  private final double maxSuggestionCost;
  private final boolean conservative;
  private final Cost cost;
  private final transient List<CarbsParameterSpace<?>> leaves = new ArrayList<>();

  /**
   * Creates a search.
   *
   * @param parameterSpace what to search; its leaves are {@link CarbsParameterSpace}s
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone false but where the leaves have their indices, as read from JSON
   * @param minimize whether small scores are good; required
   * @param maxCandidates after how many candidates the search is over, at least 1; null for never
   * @param numRandomSamples successes before the first model, at least 2; default 4
   * @param resampleFrequency successes between two observations of the front again, at least 2;
   *     default 5
   * @param radius of a step in units of the scales, above 0; default 0.3
   * @param minParetoCostFraction quantile of the costs below which the front begins, in [0, 1];
   *     default 0.2
   * @param explorationBias what the expected improvement is asked beyond the front; default 1
   * @param maxSuggestionCost no candidate with a larger estimated cost is proposed, above 0;
   *     default none
   * @param conservative whether single observations on the front are mistrusted; default true
   * @param cost what is counted; default UPDATES
   * @throws IllegalArgumentException outside the ranges, or for other leaves
   */
  @Builder
  @JsonCreator
  @SuppressWarnings("rawtypes")
  private CarbsGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("numRandomSamples") Integer numRandomSamples,
      @JsonProperty("resampleFrequency") Integer resampleFrequency,
      @JsonProperty("radius") Double radius,
      @JsonProperty("minParetoCostFraction") Double minParetoCostFraction,
      @JsonProperty("explorationBias") Double explorationBias,
      @JsonProperty("maxSuggestionCost") Double maxSuggestionCost,
      @JsonProperty("conservative") Boolean conservative,
      @JsonProperty("cost") Cost cost) {
    super(parameterSpace, dataParameters, initDone, minimize, maxCandidates);
    this.numRandomSamples = Require.atLeast("numRandomSamples", numRandomSamples, 4, 2);
    this.resampleFrequency = Require.atLeast("resampleFrequency", resampleFrequency, 5, 2);
    this.radius = Require.positive("radius", radius, 0.3);
    this.minParetoCostFraction =
        Require.between("minParetoCostFraction", minParetoCostFraction, 0.2, 0, 1);
    this.explorationBias = Require.finite("explorationBias", explorationBias, 1);
    this.maxSuggestionCost =
        maxSuggestionCost == null
            ? Double.MAX_VALUE
            : Require.positive("maxSuggestionCost", maxSuggestionCost, 1);
    this.conservative = conservative == null || conservative;
    this.cost = cost == null ? Cost.UPDATES : cost;
    for (ParameterSpace leaf : LeafUtils.getUniqueObjects(parameterSpace.collectLeaves())) {
      if (!(leaf instanceof CarbsParameterSpace<?> own)) {
        throw new IllegalArgumentException("CARBS moves CarbsParameterSpaces alone, not " + leaf);
      }
      leaves.add(own);
    }
  }

  private double[] offsets(double[] point) {
    double[] offsets = new double[point.length];
    for (int i = 0; i < point.length; i++) {
      offsets[i] = leaves.get(i).offset(point[i]);
    }
    return offsets;
  }

  private double[] coordinates(double[] offsets) {
    double[] point = new double[offsets.length];
    for (int i = 0; i < point.length; i++) {
      point[i] = leaves.get(i).coordinate(offsets[i]);
    }
    return point;
  }

  private double[] near(double[] origin, SplittableRandom random) {
    double[] there = new double[origin.length];
    for (int i = 0; i < there.length; i++) {
      there[i] = leaves.get(i).rounded(origin[i] + radius * random.nextGaussian());
    }
    return there;
  }

  private boolean allowed(double[] offsets) {
    for (int i = 0; i < offsets.length; i++) {
      if (!leaves.get(i).allows(offsets[i])) {
        return false;
      }
    }
    return true;
  }

  private double cost(Trial trial) {
    SearchMetrics metrics = trial.getMetrics();
    double value =
        metrics == null
            ? 0
            : cost == Cost.UPDATES ? metrics.getCostUpdates() : metrics.getCostSeconds();
    if (!(value > 0)) {
      throw new IllegalStateException(
          "Candidate "
              + trial.getIndex()
              + " has no cost in "
              + cost
              + ": CARBS needs a task creator of org.dl4jplus.bilevel.arbiter, or SearchMetrics");
    }
    return value;
  }

  /** What the finished candidates have shown. */
  private final class Observed {
    private final List<Trial> trials = complete();
    private final double[][] points = trials.stream().map(Trial::getPoint).toArray(double[][]::new);
    private final double[][] units =
        trials.stream().map(t -> offsets(t.getPoint())).toArray(double[][]::new);
    private final double[] costs = trials.stream().mapToDouble(t -> cost(t)).toArray();
    private final double[] outputs = trials.stream().mapToDouble(Trial::getScore).toArray();

    CostFront front(boolean mistrust) {
      return CostFront.of(
          points, costs, outputs, isMinimize() ? -1 : 1, minParetoCostFraction, mistrust);
    }
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    Observed observed = new Observed();
    int successes = observed.trials.size();
    if (successes < numRandomSamples) {
      return at(within(new double[leaves.size()], random));
    }
    CostFront front = observed.front(conservative);
    if (successes % resampleFrequency == 0 && !resampling(observed)) {
      CostFront.Group group =
          front.groups().stream()
              .min(Comparator.comparingInt(g -> g.members().length))
              .orElseThrow();
      return new Proposal(observed.points[group.members()[0]], Map.of(RESAMPLED, true), false);
    }
    return at(best(observed, front, random));
  }

  /** Where all points near are known already, one is observed again; groups of them are means. */
  private Proposal at(double[] offsets) {
    return new Proposal(coordinates(offsets), Map.of(), false);
  }

  /** Whether an observation of the front again was proposed since the last success. */
  private boolean resampling(Observed observed) {
    int last = observed.trials.get(observed.trials.size() - 1).getIndex();
    return trials().stream()
        .anyMatch(t -> t.getIndex() > last && t.getData().containsKey(RESAMPLED));
  }

  /**
   * A point near another one that the bounds allow, a new one if one turns up; the other one itself
   * if none does.
   */
  private double[] within(double[] origin, SplittableRandom random) {
    double[] point = origin;
    for (int i = 0; i < CANDIDATES; i++) {
      double[] there = near(origin, random);
      if (allowed(there)) {
        point = there;
        if (!known(there)) {
          break;
        }
      }
    }
    return point;
  }

  /** Without rounding no point is drawn twice. */
  private boolean known(double[] offsets) {
    double[] point = space().snap(coordinates(offsets));
    return trials().stream().anyMatch(t -> Arrays.equals(t.getPoint(), point));
  }

  private GaussianProcess process(double[][] x, double[] y, int index) {
    double[] lengths = new double[leaves.size()];
    Arrays.fill(lengths, radius);
    Kernel kernel =
        new SumKernel(
            new LinearKernel(1, leaves.size()),
            StationaryKernel.of(Form.MATERN32, 1, lengths)
                .withLengthScalePrior(new Kernel.Prior(radius, 1, 0.02, 20)));
    return GaussianProcess.of(kernel, NOISE.median(), x, y)
        .fit(STARTS, CounterNoise.deriveSeed(seed(), index), NOISE);
  }

  private double[] best(Observed observed, CostFront front, SplittableRandom random) {
    int index = trials().size();
    double[] outputs = SurrogateOutputs.normal(observed.outputs, isMinimize() ? -1 : 1);
    GaussianProcess quality = process(observed.units, outputs, index);
    double[] logCosts = SurrogateOutputs.logCosts(observed.costs);
    GaussianProcess logCost = process(observed.units, logCosts, index);
    for (Trial trial : trials()) {
      if (trial.getStatus() == Trial.Status.PENDING) {
        double[] units = offsets(trial.getPoint());
        Prediction draw = quality.predict(units);
        quality = quality.with(units, draw.mean() + draw.deviation() * random.nextGaussian());
      }
    }
    GaussianProcess failure = failures(observed, index);

    List<CostFront.Group> groups = front.groups();
    double[][] origins =
        groups.stream().map(g -> observed.units[g.members()[0]]).toArray(double[][]::new);
    Front curve = new Front(groups, logCosts, outputs, index);
    double floor = curve.at(curve.random(random));
    double least = Arrays.stream(observed.costs).min().orElseThrow();
    double span = Math.log(Arrays.stream(observed.costs).max().orElseThrow() / least);
    double[] best = null;
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = candidates(); i > 0; i--) {
      double[] there = near(origins[random.nextInt(origins.length)], random);
      if (!allowed(there)) {
        continue;
      }
      double atCost = logCost.predict(there).mean();
      if ((atCost + 1) / 2 * span > Math.log(maxSuggestionCost / least)) {
        continue;
      }
      Prediction value = quality.predict(there);
      double beat = Math.max(curve.at(atCost), floor);
      double log =
          Acquisitions.logExpectedImprovement(
                  value.mean() - explorationBias, value.deviation(), beat)
              - squaredDistance(there, origins) / (2 * radius * radius);
      if (failure != null) {
        Prediction label = failure.predict(there);
        // Success is -1, failure +1.
        log +=
            Acquisitions.logFeasibility(
                new double[] {label.mean()}, new double[] {label.deviation()});
      }
      if (log > largest && !known(there)) {
        largest = log;
        best = there;
      }
    }
    return best == null ? within(origins[random.nextInt(origins.length)], random) : best;
  }

  /** More of them where bounds will take some away. */
  private int candidates() {
    long bounded = leaves.stream().filter(CarbsParameterSpace::bounded).count();
    return (int)
        (CANDIDATES * leaves.size() * Math.min(MOST_OVERSAMPLING, Math.pow(2, bounded / 2.0)));
  }

  private static double squaredDistance(double[] there, double[][] origins) {
    double least = Double.POSITIVE_INFINITY;
    for (double[] origin : origins) {
      double sum = 0;
      for (int i = 0; i < there.length; i++) {
        sum += (there[i] - origin[i]) * (there[i] - origin[i]);
      }
      least = Math.min(least, sum);
    }
    return least;
  }

  private GaussianProcess failures(Observed observed, int index) {
    List<Trial> failed =
        trials().stream().filter(t -> t.getStatus() == Trial.Status.FAILED).toList();
    if (failed.isEmpty()) {
      return null;
    }
    List<double[]> x = new ArrayList<>(List.of(observed.units));
    List<Double> y = new ArrayList<>(Collections.nCopies(x.size(), -1.0));
    for (Trial trial : failed) {
      x.add(offsets(trial.getPoint()));
      y.add(1.0);
    }
    return process(
        x.toArray(double[][]::new), y.stream().mapToDouble(Double::doubleValue).toArray(), index);
  }

  /** The quality that the front gives for a cost. */
  private final class Front {
    private final double low;
    private final double high;
    private final GaussianProcess process;

    Front(List<CostFront.Group> groups, double[] logCosts, double[] outputs, int index) {
      List<double[]> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (CostFront.Group group : groups) {
        for (int member : group.members()) {
          x.add(new double[] {logCosts[member]});
          y.add(outputs[member]);
        }
      }
      low = x.stream().mapToDouble(p -> p[0]).min().orElseThrow();
      high = x.stream().mapToDouble(p -> p[0]).max().orElseThrow();
      process =
          GaussianProcess.of(
                  StationaryKernel.of(Form.RBF, 1, 1),
                  NOISE.median(),
                  x.toArray(double[][]::new),
                  y.stream().mapToDouble(Double::doubleValue).toArray())
              .fit(STARTS, CounterNoise.deriveSeed(seed(), index, 1), NOISE);
    }

    double random(SplittableRandom random) {
      return low + (high - low) * random.nextDouble();
    }

    double at(double logCost) {
      return process.predict(new double[] {Math.min(Math.max(logCost, low), high)}).mean();
    }
  }

  /**
   * The candidates on the front of cost and quality.
   *
   * @return one of each group, in order of cost; none before there is a complete one
   */
  public List<Trial> front() {
    Observed observed = new Observed();
    return observed.trials.isEmpty()
        ? List.of()
        : observed.front(conservative).groups().stream()
            .map(group -> observed.trials.get(group.members()[0]))
            .toList();
  }

  /**
   * The area under the front, single observations trusted.
   *
   * @return {@link CostFront#area}; 0 before there is a complete candidate
   */
  public double area() {
    Observed observed = new Observed();
    return observed.trials.isEmpty() ? 0 : observed.front(false).area(observed.outputs);
  }

  /**
   * How the parameters grow with the cost along the front.
   *
   * @return a law for each parameter; none before there are two costs on the front
   */
  public List<ScalingLaw> scalingLaws() {
    List<Trial> front = front();
    double[] logs = front.stream().mapToDouble(t -> Math.log(cost(t))).toArray();
    double mean = Arrays.stream(logs).average().orElse(0);
    double spread = Arrays.stream(logs).map(l -> (l - mean) * (l - mean)).sum();
    if (!(spread > 0)) {
      return List.of();
    }
    List<ScalingLaw> laws = new ArrayList<>();
    for (int p = 0; p < leaves.size(); p++) {
      double product = 0;
      for (int i = 0; i < logs.length; i++) {
        product += (logs[i] - mean) * leaves.get(p).offset(front.get(i).getPoint()[p]);
      }
      laws.add(
          new ScalingLaw(
              space().dimensions().get(p).name(), product / spread * leaves.get(p).perUnit()));
    }
    return laws;
  }
}
