package org.dl4jplus.optim.zeroth;

import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.train.ForwardTails;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DeepZero: training from scratch by differences along single coordinates, for networks of up to
 * some 10^4 weights, with pruning of the coordinates that are asked.
 *
 * <pre>{@code
 * g_i = (L(x + mu e_i) - L(x)) / mu        where the mask is 1, else 0
 * d = g + wd x                             biases and normalization parameters do not decay
 * m <- momentum m + d
 * x <- x - lr m                            nesterov: lr (d + momentum m)
 * }</pre>
 *
 * A step takes one loss and one for each coordinate that is asked. A mask chooses what gets an
 * estimate for some epochs; other weights are not zeroed, and go on by their momentum. Biases and
 * normalization parameters are never masked.
 *
 * <ul>
 *   <li>stepSize: mu, above 0, or -1 for the learning rate of the step; default 5e-3
 *   <li>learningRate: default 0.1; momentum: in [0, 1), default 0.9; nesterov: default false;
 *       weightDecay: wd, default 5e-4
 *   <li>warmupEpochs: of a rate that grows linearly; default 3
 *   <li>epochs: of the run; from the warm-up on the rate falls to 0 as a cosine; 0, the default: it
 *       stays
 *   <li>iterationsPerEpoch: for a rate that changes with every step; 0, the default: it changes
 *       with the epoch
 *   <li>sparsity: share of the weights that get no estimate, in [0, 1); default 0. Every layer
 *       keeps a weight
 *   <li>maskInterval: epochs of a mask, at least 1; default 5
 *   <li>maskMethod: LAYER_RANDOM scores once and then draws masks at random with each layer's share
 *       of that; ZO_GRASP_GLOBAL scores for every mask; RANDOM_GLOBAL never does; default
 *       LAYER_RANDOM
 *   <li>graspSamples: random directions of an estimate for scores, at least 1; default 192;
 *       graspStep: default 5e-3
 *   <li>rgeScaling: CORRECT, or OFFICIAL_CODE, whose estimate is mu times as large; default CORRECT
 *   <li>graspSharedDirections: the same directions for both estimates of a score, without which it
 *       is mostly their noise; default true for CORRECT, false for OFFICIAL_CODE
 *   <li>samplesPerClass: examples in {@link #scoringBatch}; default 25
 *   <li>featureReuse: starts each loss at the layer of its coordinate; for MultiLayerNetworks and
 *       batches without masks; default true, and without meaning for plain functions
 *   <li>threads: that compute losses of a MultiLayerNetwork, each on its own copy; 0, the default:
 *       one for each core. Estimates do not depend on it
 *   <li>maxCoordinates: more parameters than this are refused; default 200000
 *   <li>seed: of directions and masks; default 0
 * </ul>
 *
 * <p>Scores are of the batch of the step in which they are needed, unless {@link #prune} was asked
 * before. Losses are those of inference, so that batch normalization takes its running statistics.
 * A step with a loss that is not finite is skipped. Source: Aochuan Chen, Yimeng Zhang, Jinghan
 * Jia, James Diffenderfer, Jiancheng Liu, Konstantinos Parasyris, Yihua Zhang, Zheng Zhang, Bhavya
 * Kailkhura, Sijia Liu, "DeepZero: Scaling up Zeroth-Order Optimization for Deep Model Training",
 * arXiv 2310.02025, 2023.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class DeepZero extends ZerothOrderMethod {

  private static final Map<ModelObjective, ForwardTails> TAILS =
      Collections.synchronizedMap(new WeakHashMap<>());

  /** How a mask is chosen. */
  public enum MaskMethod {
    /** At random in each layer, by the shares of a scored mask. */
    LAYER_RANDOM,
    /** By scores. */
    ZO_GRASP_GLOBAL,
    /** At random among all weights. */
    RANDOM_GLOBAL
  }

  /** Length of random estimates. */
  public enum RgeScaling {
    /** By the difference along the unit direction. */
    CORRECT,
    /** With a factor mu more, as the authors' code has it. */
    OFFICIAL_CODE
  }

  private final double stepSize;
  private final double learningRate;
  private final double momentum;
  private final boolean nesterov;
  private final double weightDecay;
  private final int warmupEpochs;
  private final int epochs;
  private final int iterationsPerEpoch;
  private final double sparsity;
  private final int maskInterval;
  private final MaskMethod maskMethod;
  private final int graspSamples;
  private final double graspStep;
  private final RgeScaling rgeScaling;
  private final boolean graspSharedDirections;
  private final int samplesPerClass;
  private final boolean featureReuse;
  private final int threads;
  private final int maxCoordinates;
  private final long seed;

  @Builder
  @JsonCreator
  private DeepZero(
      @JsonProperty("stepSize") Double stepSize,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("nesterov") Boolean nesterov,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("warmupEpochs") Integer warmupEpochs,
      @JsonProperty("epochs") Integer epochs,
      @JsonProperty("iterationsPerEpoch") Integer iterationsPerEpoch,
      @JsonProperty("sparsity") Double sparsity,
      @JsonProperty("maskInterval") Integer maskInterval,
      @JsonProperty("maskMethod") MaskMethod maskMethod,
      @JsonProperty("graspSamples") Integer graspSamples,
      @JsonProperty("graspStep") Double graspStep,
      @JsonProperty("rgeScaling") RgeScaling rgeScaling,
      @JsonProperty("graspSharedDirections") Boolean graspSharedDirections,
      @JsonProperty("samplesPerClass") Integer samplesPerClass,
      @JsonProperty("featureReuse") Boolean featureReuse,
      @JsonProperty("threads") Integer threads,
      @JsonProperty("maxCoordinates") Integer maxCoordinates,
      @JsonProperty("seed") Long seed) {
    this.learningRate = Require.rate("learningRate", learningRate, 0.1);
    boolean byRate = stepSize != null && stepSize == -1;
    this.stepSize = byRate ? -1 : Require.positive("stepSize", stepSize, 5e-3);
    this.momentum = Require.beta("momentum", momentum, 0.9);
    this.nesterov = nesterov != null && nesterov;
    this.weightDecay = Require.nonNegative("weightDecay", weightDecay, 5e-4);
    this.warmupEpochs = Require.atLeast("warmupEpochs", warmupEpochs, 3, 0);
    this.epochs = Require.atLeast("epochs", epochs, 0, 0);
    Require.check(
        this.epochs == 0 || this.epochs > this.warmupEpochs,
        "epochs",
        this.epochs,
        "0 or more than warmupEpochs");
    this.iterationsPerEpoch = Require.atLeast("iterationsPerEpoch", iterationsPerEpoch, 0, 0);
    this.sparsity = Require.beta("sparsity", sparsity, 0);
    this.maskInterval = Require.count("maskInterval", maskInterval, 5);
    this.maskMethod = maskMethod == null ? MaskMethod.LAYER_RANDOM : maskMethod;
    this.graspSamples = Require.count("graspSamples", graspSamples, 192);
    this.graspStep = Require.positive("graspStep", graspStep, 5e-3);
    this.rgeScaling = rgeScaling == null ? RgeScaling.CORRECT : rgeScaling;
    this.graspSharedDirections =
        graspSharedDirections == null
            ? this.rgeScaling == RgeScaling.CORRECT
            : graspSharedDirections;
    this.samplesPerClass = Require.count("samplesPerClass", samplesPerClass, 25);
    this.featureReuse = featureReuse == null || featureReuse;
    this.threads = Require.atLeast("threads", threads, 0, 0);
    this.maxCoordinates = Require.count("maxCoordinates", maxCoordinates, 200_000);
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  public double step(ZoStep step) {
    INDArray parameters = step.problem().parameters();
    List<Stretch> stretches = step.problem().stretches();
    int n = (int) parameters.length();
    long free = stretches.stream().mapToLong(s -> s.to() - s.from()).sum();
    if (free > maxCoordinates) {
      throw new IllegalArgumentException(
          free
              + " parameters are more than maxCoordinates, "
              + maxCoordinates
              + ": a step takes a loss for each of them");
    }
    double[] mask = mask(step, n);
    double rate = rate(step.iteration(), step.epoch());
    double[] losses = new double[1];
    double[] gradient = coordinateEstimate(step.problem(), mask, mu(rate), losses);
    if (gradient.length == 0) {
      return Double.NaN;
    }
    DoubleBuffer moments = vector(step.state(), 1, n).data().asNioDouble();
    step.perturber()
        .apply(
            (x, from, length, decays, scratch) -> {
              for (int i = 0; i < length; i++) {
                int at = (int) from + i;
                double d = gradient[at] + (decays ? weightDecay * x[i] : 0);
                double m = momentum * moments.get(at) + d;
                moments.put(at, m);
                x[i] -= rate * (nesterov ? d + momentum * m : m);
              }
            });
    return losses[0];
  }

  /** The state's vectors: mask, momentum, and a layer's share of weights that get no estimate. */
  private static INDArray vector(GradientState state, int index, int n) {
    return state.vector(index, () -> Nd4j.zeros(DataType.DOUBLE, n));
  }

  private double mu(double rate) {
    return stepSize == -1 ? rate : stepSize;
  }

  /**
   * The learning rate.
   *
   * @param iteration number of the step
   * @param epoch number of the epoch
   * @return the rate of the step
   */
  public double rate(int iteration, int epoch) {
    double unit = Math.max(1, iterationsPerEpoch);
    int at = iterationsPerEpoch > 0 ? iteration : epoch;
    double warm = warmupEpochs * unit;
    if (at < warm) {
      return learningRate * (at + 1) / warm;
    }
    if (epochs == 0) {
      return learningRate;
    }
    double share = Math.min(1, (at - warm) / (epochs * unit - warm));
    return learningRate * (1 + Math.cos(Math.PI * share)) / 2;
  }

  /**
   * Differences along coordinates. The parameters are afterwards what they were, also where a loss
   * throws.
   *
   * @param problem parameters and loss
   * @param mask of length n: 0 for coordinates that get 0
   * @param mu step of differences, above 0
   * @param base takes the loss at the parameters
   * @return the estimate, of length n; empty if a loss is not finite
   * @throws IllegalArgumentException where features cannot be used again
   */
  public double[] coordinateEstimate(ZoProblem problem, double[] mask, double mu, double[] base) {
    int[] coordinates =
        problem.stretches().stream()
            .flatMapToInt(s -> IntStream.range((int) s.from(), (int) s.to()))
            .filter(i -> mask[i] != 0)
            .toArray();
    double[] losses = losses(problem, coordinates, mu);
    base[0] = losses[0];
    double[] gradient = new double[mask.length];
    for (int k = 0; k < coordinates.length; k++) {
      gradient[coordinates[k]] = (losses[k + 1] - losses[0]) / mu;
    }
    boolean finite = Arrays.stream(losses).allMatch(Double::isFinite);
    return finite ? gradient : new double[0];
  }

  /** Whether losses can be computed on copies of the network. */
  private boolean copies(ModelObjective objective) {
    boolean chain = objective.network() instanceof MultiLayerNetwork;
    boolean masks = false;
    if (chain) {
      objective.batch().set(objective.network());
      masks = ModelAccess.of(objective.network()).hasMasks();
    }
    if ((featureReuse || threads > 1) && (masks || !chain)) {
      throw new IllegalArgumentException(
          "featureReuse and threads are for a MultiLayerNetwork and batches without masks: set"
              + " featureReuse to false and threads to 1");
    }
    return chain && !masks;
  }

  private double[] losses(ZoProblem problem, int[] coordinates, double mu) {
    int workers = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    if (problem instanceof ModelObjective objective
        && copies(objective)
        && (featureReuse || workers > 1)) {
      MultiLayerNetwork network = (MultiLayerNetwork) objective.network();
      ForwardTails tails =
          TAILS.compute(
              objective,
              (o, old) ->
                  old != null && old.threads() == workers && old.reuses() == featureReuse
                      ? old
                      : new ForwardTails(network, workers, featureReuse));
      INDArray features = objective.batch().inputs()[0];
      INDArray labels = objective.batch().labels()[0];
      objective.count(coordinates.length + 1);
      return tails.losses(problem.parameters(), features, labels, coordinates, mu);
    }
    INDArray parameters = problem.parameters();
    double[] losses = new double[coordinates.length + 1];
    losses[0] = problem.loss();
    for (int k = 0; k < coordinates.length && Double.isFinite(losses[0]); k++) {
      double saved = parameters.getDouble(coordinates[k]);
      parameters.putScalar(coordinates[k], saved + mu);
      try {
        losses[k + 1] = problem.loss();
      } finally {
        parameters.putScalar(coordinates[k], saved);
      }
    }
    return losses;
  }

  /**
   * Forward differences along random directions of length 1 in each variable, averaged, without a
   * factor for the number of parameters.
   *
   * @param problem parameters and loss
   * @param directions Gaussians, by query
   * @param iteration whose directions to take
   * @return the estimate, of length n
   */
  public double[] randomEstimate(ZoProblem problem, Directions directions, long iteration) {
    double mu = mu(learningRate);
    INDArray parameters = problem.parameters();
    double[] x = parameters.toDoubleVector();
    Perturber perturber = new Perturber(parameters, problem.stretches());
    double[] sum = new double[x.length];
    double base = problem.loss();
    try {
      for (int k = 0; k < graspSamples; k++) {
        double[] u = units(problem.stretches(), directions, iteration, k, x.length);
        put(perturber, x, u, mu);
        double slope = (problem.loss() - base) / mu;
        double scale = (rgeScaling == RgeScaling.CORRECT ? 1 : mu) * slope / graspSamples;
        for (int i = 0; i < sum.length; i++) {
          sum[i] += scale * u[i];
        }
      }
    } finally {
      put(perturber, x, sum, 0);
    }
    return sum;
  }

  private static double[] units(
      List<Stretch> stretches, Directions directions, long iteration, int query, int n) {
    double[] u = new double[n];
    for (Stretch stretch : stretches) {
      int length = (int) (stretch.to() - stretch.from());
      double[] z = new double[length];
      directions.fill(iteration, query, stretch.from(), z, length);
      double norm = Math.sqrt(Arrays.stream(z).map(v -> v * v).sum()) + 1e-8;
      for (int i = 0; i < length; i++) {
        u[(int) stretch.from() + i] = z[i] / norm;
      }
    }
    return u;
  }

  private static void put(Perturber perturber, double[] x, double[] direction, double scale) {
    perturber.apply(
        (chunk, from, length, decays, scratch) -> {
          for (int i = 0; i < length; i++) {
            int at = (int) from + i;
            chunk[i] = scale == 0 ? x[at] : x[at] + scale * direction[at];
          }
        });
  }

  /**
   * ZO-GraSP's scores: {@code -x (g1 - g0) / graspStep}, g0 and g1 random estimates at x and at x +
   * graspStep g0. The larger its size, the more a weight matters.
   *
   * @param problem parameters and loss
   * @param directions Gaussians; those of g1 are of the next iteration, unless they are shared
   * @param iteration whose directions g0 takes
   * @return the scores, of length n
   */
  public double[] scores(ZoProblem problem, Directions directions, long iteration) {
    INDArray parameters = problem.parameters();
    double[] x = parameters.toDoubleVector();
    Perturber perturber = new Perturber(parameters, problem.stretches());
    double[] g0 = randomEstimate(problem, directions, iteration);
    double[] g1;
    put(perturber, x, g0, graspStep);
    try {
      long next = graspSharedDirections ? iteration : iteration + 1;
      g1 = randomEstimate(problem, directions, next);
    } finally {
      put(perturber, x, g0, 0);
    }
    for (int i = 0; i < x.length; i++) {
      g1[i] = -x[i] * (g1[i] - g0[i]) / graspStep;
    }
    return g1;
  }

  /**
   * The mask of the weights with the largest scores, in size.
   *
   * @param problem whose weights
   * @param scores of length n
   * @return of length n: 0 for round(sparsity * weights) weights, but for one in each layer, else 1
   */
  public double[] mask(ZoProblem problem, double[] scores) {
    List<Stretch> layers = weights(problem);
    Integer[] order =
        layers.stream()
            .flatMapToInt(s -> IntStream.range((int) s.from(), (int) s.to()))
            .boxed()
            .toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> Math.abs(scores[i])));
    double[] mask = ones(scores.length);
    long dropped = (long) Math.rint(sparsity * order.length);
    for (int k = 0; k < dropped; k++) {
      mask[order[k]] = 0;
    }
    for (Stretch layer : layers) {
      int best = (int) layer.from();
      boolean empty = true;
      for (int i = (int) layer.from(); i < layer.to(); i++) {
        empty &= mask[i] == 0;
        best = Math.abs(scores[i]) > Math.abs(scores[best]) ? i : best;
      }
      if (empty) {
        mask[best] = 1;
      }
    }
    return mask;
  }

  private static double[] ones(int n) {
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static List<Stretch> weights(ZoProblem problem) {
    return problem.stretches().stream().filter(Stretch::decays).toList();
  }

  /** The mask of the step's epoch, made where the last one has served. */
  private double[] mask(ZoStep step, int n) {
    if (sparsity == 0) {
      return ones(n);
    }
    GradientState state = step.state();
    INDArray saved = vector(state, 0, n);
    int period = step.epoch() / maskInterval;
    if (state.scalar(0) != period + 1) {
      double[] mask = newMask(step.problem(), state, period, n);
      if (mask.length == 0) {
        return ones(n);
      }
      saved.assign(Nd4j.createFromArray(mask));
      state.setScalar(0, period + 1);
    }
    return saved.toDoubleVector();
  }

  /** Empty where scores are not finite. */
  private double[] newMask(ZoProblem problem, GradientState state, int period, int n) {
    if (maskMethod == MaskMethod.RANDOM_GLOBAL) {
      return mask(problem, keys(period, n));
    }
    if (maskMethod == MaskMethod.ZO_GRASP_GLOBAL) {
      double[] scores = scores(problem, scoreDirections(), 2L * period);
      return finite(scores) ? mask(problem, scores) : new double[0];
    }
    if (state.scalar(1) == 0) {
      double[] scores = scores(problem, scoreDirections(), 0);
      if (!finite(scores)) {
        return scores.length == 0 ? scores : new double[0];
      }
      keepShares(problem, state, mask(problem, scores));
    }
    double[] shares = vector(state, 2, n).toDoubleVector();
    double[] keys = keys(period, n);
    double[] mask = ones(n);
    List<Stretch> layers = weights(problem);
    for (int l = 0; l < layers.size(); l++) {
      Stretch layer = layers.get(l);
      Integer[] order =
          IntStream.range((int) layer.from(), (int) layer.to()).boxed().toArray(Integer[]::new);
      Arrays.sort(order, Comparator.comparingDouble(i -> keys[i]));
      long dropped = Math.min(order.length - 1, Math.round(shares[l] * order.length));
      for (int k = 0; k < dropped; k++) {
        mask[order[k]] = 0;
      }
    }
    return mask;
  }

  private static boolean finite(double[] values) {
    return Arrays.stream(values).allMatch(Double::isFinite);
  }

  private Directions scoreDirections() {
    return Directions.of(Distribution.GAUSSIAN, seed, 1);
  }

  private double[] keys(int period, int n) {
    double[] keys = new double[n];
    CounterNoise.fill(
        Distribution.UNIFORM, CounterNoise.deriveSeed(seed, period, 0, 2), 0, keys, n);
    return keys;
  }

  private static void keepShares(ZoProblem problem, GradientState state, double[] mask) {
    int n = mask.length;
    vector(state, 1, n);
    INDArray shares = vector(state, 2, n);
    List<Stretch> layers = weights(problem);
    for (int l = 0; l < layers.size(); l++) {
      Stretch layer = layers.get(l);
      double dropped =
          IntStream.range((int) layer.from(), (int) layer.to()).filter(i -> mask[i] == 0).count();
      shares.putScalar(l, dropped / (layer.to() - layer.from()));
    }
    state.setScalar(1, 1);
  }

  /**
   * Scores a network on a batch of one's choice, for LAYER_RANDOM.
   *
   * @param network an initialised network
   * @param data what to score on, such as {@link #scoringBatch}
   * @return a state to begin with, for {@link ZerothOrder#restoreState}
   * @throws IllegalArgumentException if a loss is not finite
   */
  public GradientState prune(Model network, MultiDataSet data) {
    ModelObjective objective = new ModelObjective(network);
    objective.use(data);
    double[] scores = scores(objective, scoreDirections(), 0);
    if (!finite(scores)) {
      throw new IllegalArgumentException("data: a loss of the scores is not finite");
    }
    GradientState state = new GradientState();
    vector(state, 0, scores.length);
    keepShares(objective, state, mask(objective, scores));
    return state;
  }

  /**
   * The first examples of each class.
   *
   * @param data features and labels, one of which is largest in each row
   * @return samplesPerClass examples of each class, or all where there are fewer
   */
  public DataSet scoringBatch(DataSet data) {
    int[] classes = Require.given("data", data).getLabels().argMax(1).toIntVector();
    Map<Integer, List<Integer>> rows =
        IntStream.range(0, classes.length)
            .boxed()
            .collect(Collectors.groupingBy(i -> classes[i], Collectors.toList()));
    List<DataSet> chosen = new ArrayList<>();
    rows.values()
        .forEach(all -> all.stream().limit(samplesPerClass).forEach(i -> chosen.add(data.get(i))));
    return DataSet.merge(chosen);
  }
}
