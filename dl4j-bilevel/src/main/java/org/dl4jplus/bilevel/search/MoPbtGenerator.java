package org.dl4jplus.bilevel.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.linear.Vectors;
import org.dl4jplus.bilevel.search.pareto.ParetoArchive;
import org.dl4jplus.bilevel.search.pareto.ParetoFronts;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Multi-objective population based training: one training run of a population, whose
 * hyperparameters move towards a front of several objectives while the networks train.
 *
 * <pre>{@code
 * a generation trains every member for stepResource epochs, then
 *   orders the members, the best first: by fronts, within a front by a net
 *     (ParetoFronts.netOrder)
 *   a member of the last quarter takes the weights, the updater's state and the hyperparameters of
 *     a random member of the first quarter, and mutates the hyperparameters
 *   all others go on as they are
 * }</pre>
 *
 * <p>Tasks must give {@link SearchMetrics} with the objectives, the score first, and go on from the
 * checkpoint named in their {@link TrainingPart}: the member's number is the trial, the generation
 * the rung. Hyperparameters have levels: each value of a list, and {@code levels} parts of the unit
 * interval for numbers. The first population takes the levels from random permutations, so that all
 * of them occur equally often. A member that failed, or has an objective that is not finite, is the
 * worst of all and takes over from another in any case; where all failed it starts anew. A member
 * beyond its constraints counts with {@code max(f, 0) + violation} in each objective f that is to
 * be small.
 *
 * <p>Generations are synchronous by default, which makes the search deterministic. With {@code
 * asynchronous} a member goes on as soon as it is done, and is held against the latest scores of
 * the others.
 *
 * <p>Other ways to order the members are for comparison. The two random scalarisations first bring
 * the objectives to [0, 1] over the population, 1 the best, since they make sense for such only;
 * the paper's code takes them as they are.
 *
 * <p>A. Dushatskiy, A. Chebykin, T. Alderliesten, P. A. N. Bosman: "Multi-Objective Population
 * Based Training", ICML 2023, arXiv 2306.01436.
 */
public final class MoPbtGenerator extends FeedbackGenerator {

  /** How members are ordered. */
  public enum Selection {
    /** By fronts and a net: the method. */
    PARETO,
    /** By a weighted sum of the objectives: population based training with a single one. */
    SCALAR,
    /** By {@code min w_k f_k + 0.05 sum w_k f_k} with weights drawn for each generation. */
    PAREGO,
    /** By the largest of 100 draws of {@code min (f_k/w_k)^2}. */
    GOLOVIN,
    /** Not at all: members keep the hyperparameters that they were given, as in random search. */
    NONE
  }

  /** How hyperparameters are changed. */
  public enum Mutation {
    /** Drawn anew with probability 0.2, else moved by 0 to 3 levels, up or down. */
    PBA,
    /** Each drawn anew with probability 1 over their number. */
    RANDOM
  }

  private static final double PBA_RESAMPLE = 0.2;
  private static final int PBA_SHIFTS = 4;
  private static final double PAREGO_SUM = 0.05;
  private static final int GOLOVIN_DRAWS = 100;

  /** Names of streams of random numbers beside those of the candidates. */
  private static final long INITIAL = -1;

  private static final long SCALARS = -2;

  private final List<String> objectives;
  private final int populationSize;
  private final int generations;
  private final int stepResource;
  private final double quantileFraction;
  private final int levels;
  private final boolean asynchronous;
  private final Mutation mutation;
  private final Selection selection;
  private final double[] weights;

  /**
   * Sets up a search.
   *
   * @param parameterSpace what to search; must not change the shapes of the network
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone whether the leaves have their indices, as read from JSON; null for no
   * @param minimize whether small scores are good, the score being the first objective; required
   * @param maxCandidates after how many candidates the search is over at the latest; null for no
   *     such limit
   * @param objectives names of the objectives, at least 2; required
   * @param populationSize number of networks, at least 4; null for 32
   * @param generations how often each of them is trained, at least 1; null for 20
   * @param stepResource epochs of a generation, at least 1; null for 1
   * @param quantileFraction share of the members that take over from as many others, in (0, 0.5];
   *     null for 0.25
   * @param levels levels of a number, at least 2; null for 10
   * @param asynchronous whether members wait for no others; null for no
   * @param mutation how hyperparameters are changed; null for PBA
   * @param selection how members are ordered; null for PARETO
   * @param weights weights of the objectives, all to be small, for SCALAR; null for ones
   * @throws IllegalArgumentException for bad arguments, or a space that changes shapes
   */
  @Builder
  @JsonCreator
  private MoPbtGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") Boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("objectives") List<String> objectives,
      @JsonProperty("populationSize") Integer populationSize,
      @JsonProperty("generations") Integer generations,
      @JsonProperty("stepResource") Integer stepResource,
      @JsonProperty("quantileFraction") Double quantileFraction,
      @JsonProperty("levels") Integer levels,
      @JsonProperty("asynchronous") Boolean asynchronous,
      @JsonProperty("mutation") Mutation mutation,
      @JsonProperty("selection") Selection selection,
      @JsonProperty("weights") double[] weights) {
    super(parameterSpace, dataParameters, Boolean.TRUE.equals(initDone), minimize, maxCandidates);
    if (objectives == null || objectives.size() < 2) {
      throw new IllegalArgumentException(
          "objectives must name at least 2, got "
              + objectives
              + "; for one there is population based training");
    }
    this.objectives = List.copyOf(objectives);
    this.populationSize = Require.atLeast("populationSize", populationSize, 32, 4);
    this.generations = Require.count("generations", generations, 20);
    this.stepResource = Require.count("stepResource", stepResource, 1);
    this.quantileFraction = quantileFraction == null ? 0.25 : quantileFraction;
    Require.check(
        this.quantileFraction > 0 && this.quantileFraction <= 0.5,
        "quantileFraction",
        this.quantileFraction,
        "in (0, 0.5]");
    this.levels = Require.atLeast("levels", levels, 10, 2);
    this.asynchronous = Boolean.TRUE.equals(asynchronous);
    this.mutation = mutation == null ? Mutation.PBA : mutation;
    this.selection = selection == null ? Selection.PARETO : selection;
    this.weights = weights == null ? ones(objectives.size()) : weights.clone();
    Require.check(
        this.weights.length == objectives.size(),
        "number of weights",
        this.weights.length,
        "that of the objectives: " + objectives.size());
    for (double weight : this.weights) {
      Require.nonNegative("weight", weight, 1);
    }
    // Weights go from member to member.
    NetworkShapes.requireSame(parameterSpace, space(), this.levels, this.levels);
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /**
   * Names of the objectives.
   *
   * @return as given
   */
  public List<String> objectives() {
    return objectives;
  }

  /**
   * What the members came to last.
   *
   * @return the latest complete candidate of each member that has one
   */
  public List<Trial> population() {
    return Arrays.stream(latest(Integer.MAX_VALUE))
        .filter(t -> t != null && t.getStatus() == Trial.Status.COMPLETE)
        .toList();
  }

  /**
   * The front of all candidates so far, from whatever generation.
   *
   * @return complete candidates with finite objectives that keep their constraints, of which none
   *     is better than another
   */
  public ParetoArchive<Trial> archive() {
    ParetoArchive<Trial> archive = new ParetoArchive<>();
    for (Trial trial : trials()) {
      if (counts(trial) && trial.getMetrics().violation() == 0) {
        archive.add(trial, trial.getMetrics().losses());
      }
    }
    return archive;
  }

  private static boolean counts(Trial trial) {
    return trial.getStatus() == Trial.Status.COMPLETE
        && Double.isFinite(trial.getMetrics().violation())
        && Arrays.stream(trial.getMetrics().getObjectives()).allMatch(Double::isFinite);
  }

  @Override
  protected void observe(Trial trial) {
    if (trial.getStatus() != Trial.Status.COMPLETE) {
      return;
    }
    SearchMetrics metrics = trial.getMetrics();
    if (metrics == null || metrics.getObjectives().length != objectives.size()) {
      throw new IllegalStateException(
          "Candidate "
              + trial.getIndex()
              + " must come with SearchMetrics of the objectives "
              + objectives
              + "; its task gave "
              + (metrics == null ? "none" : metrics.getObjectives().length + " objectives"));
    }
    if (metrics.getMinimise()[0] != isMinimize()) {
      throw new IllegalStateException(
          "The search has minimize=" + isMinimize() + ", its first objective the contrary");
    }
  }

  @Override
  protected boolean isFinished() {
    return trials().size() >= populationSize * generations;
  }

  @Override
  protected boolean isReady() {
    return nextMember() >= 0;
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    int member = nextMember();
    Trial own = newest()[member];
    if (own == null) {
      return proposal(initial(member), TrainingPart.first(member, 0, stepResource));
    }
    int before = rung(own);
    Trial[] scored = latest(asynchronous ? Integer.MAX_VALUE : before);
    List<Integer> order = order(scored, asynchronous ? index : before);
    if (order.isEmpty()) {
      int[] anew = new int[space().size()];
      Arrays.setAll(anew, d -> random.nextInt(levels(d)));
      return proposal(anew, TrainingPart.first(member, before + 1, stepResource));
    }
    int ended = (int) Arrays.stream(scored).filter(t -> t != null).count();
    int share = Math.min((int) Math.ceil(quantileFraction * ended), ended / 2);
    boolean last = order.indexOf(member) >= ended - share;
    if (!counts(own) || last && selection != Selection.NONE) {
      int source = order.get(random.nextInt(Math.max(1, Math.min(share, order.size()))));
      return proposal(
          mutated(scored[source].getPoint(), random),
          TrainingPart.resumed(member, before + 1, stepResource, source, rung(scored[source])));
    }
    return new Proposal(
        own.getPoint(),
        TrainingPart.resumed(member, before + 1, stepResource, member, before).data(),
        false);
  }

  private Proposal proposal(int[] at, TrainingPart part) {
    return new Proposal(point(at), part.data(), false);
  }

  private static int rung(Trial trial) {
    return TrainingPart.of(trial.getData()).rung();
  }

  /** The last candidate of each member; null before its first. */
  private Trial[] newest() {
    Trial[] newest = new Trial[populationSize];
    for (Trial trial : trials()) {
      newest[TrainingPart.of(trial.getData()).trial()] = trial;
    }
    return newest;
  }

  /** The last candidate of each member that has ended, up to a generation; null for none. */
  private Trial[] latest(int generation) {
    Trial[] latest = new Trial[populationSize];
    for (Trial trial : trials()) {
      TrainingPart part = TrainingPart.of(trial.getData());
      if (part.rung() <= generation && trial.getStatus() != Trial.Status.PENDING) {
        latest[part.trial()] = trial;
      }
    }
    return latest;
  }

  /** Those of generations that nobody goes on from, but for the front. */
  @Override
  protected List<Trial> discarded() {
    Trial[] latest = latest(Integer.MAX_VALUE);
    int[] reached = Arrays.stream(latest).mapToInt(t -> t == null ? -1 : rung(t)).toArray();
    int all = Arrays.stream(reached).min().orElseThrow();
    List<Trial> front = archive().items();
    return trials().stream()
        .filter(
            t ->
                rung(t) < (asynchronous ? reached[TrainingPart.of(t.getData()).trial()] : all)
                    && !front.contains(t))
        .toList();
  }

  /** The member to train next: of those that may, the one that is behind; -1 for none. */
  private int nextMember() {
    Trial[] newest = newest();
    int[] started = new int[populationSize];
    boolean[] running = new boolean[populationSize];
    int complete = generations;
    for (int member = 0; member < populationSize; member++) {
      if (newest[member] != null) {
        started[member] = rung(newest[member]) + 1;
        running[member] = newest[member].getStatus() == Trial.Status.PENDING;
      }
      complete = Math.min(complete, started[member] - (running[member] ? 1 : 0));
    }
    int next = -1;
    int fewest = asynchronous ? generations : Math.min(complete + 1, generations);
    for (int member = 0; member < populationSize; member++) {
      if (!running[member] && started[member] < fewest) {
        fewest = started[member];
        next = member;
      }
    }
    return next;
  }

  /** Members whose scores count, the best first. */
  private List<Integer> order(Trial[] scored, long draw) {
    List<Integer> members =
        IntStream.range(0, scored.length)
            .filter(m -> scored[m] != null && counts(scored[m]))
            .boxed()
            .toList();
    double[][] losses =
        members.stream().map(m -> losses(scored[m].getMetrics())).toArray(double[][]::new);
    if (selection == Selection.PARETO) {
      return Arrays.stream(ParetoFronts.netOrder(losses)).mapToObj(members::get).toList();
    }
    double[] scalars = scalars(losses, draw);
    return IntStream.range(0, scalars.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> scalars[i]))
        .map(members::get)
        .toList();
  }

  private static double[] losses(SearchMetrics metrics) {
    double[] losses = metrics.losses();
    double violation = metrics.violation();
    if (violation > 0) {
      Arrays.setAll(losses, k -> Math.max(losses[k], 0) + violation);
    }
    return losses;
  }

  /** One number for each member, to be small. */
  private double[] scalars(double[][] losses, long draw) {
    SplittableRandom random = new SplittableRandom(CounterNoise.deriveSeed(seed(), SCALARS, draw));
    return switch (selection) {
      case SCALAR -> Arrays.stream(losses).mapToDouble(f -> Vectors.dot(weights, f)).toArray();
      case PAREGO -> parego(goods(losses), random);
      case GOLOVIN -> golovin(goods(losses), random);
      default -> new double[losses.length];
    };
  }

  private static double[] parego(double[][] goods, SplittableRandom random) {
    double[] w = new double[goods.length == 0 ? 0 : goods[0].length];
    // Exponential numbers are a uniform draw from the simplex, but for a factor of all scalars.
    Arrays.setAll(w, k -> -Math.log1p(-random.nextDouble()));
    double[] scalars = new double[goods.length];
    for (int m = 0; m < scalars.length; m++) {
      double least = Double.POSITIVE_INFINITY;
      for (int k = 0; k < w.length; k++) {
        least = Math.min(least, w[k] * goods[m][k]);
      }
      scalars[m] = -least - PAREGO_SUM * Vectors.dot(w, goods[m]);
    }
    return scalars;
  }

  private static double[] golovin(double[][] goods, SplittableRandom random) {
    double[] w = new double[goods.length == 0 ? 0 : goods[0].length];
    double[] scalars = new double[goods.length];
    for (int i = 0; i < GOLOVIN_DRAWS; i++) {
      Arrays.setAll(w, k -> Math.abs(random.nextGaussian()));
      double norm = Math.sqrt(Vectors.dot(w, w));
      for (int m = 0; m < scalars.length; m++) {
        double least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < w.length; k++) {
          least = Math.min(least, goods[m][k] * norm / w[k]);
        }
        scalars[m] = Math.min(scalars[m], -least * least);
      }
    }
    return scalars;
  }

  /** The objectives over the population as numbers in [0, 1], 1 the best. */
  private static double[][] goods(double[][] losses) {
    double[][] goods = Arrays.stream(losses).map(double[]::clone).toArray(double[][]::new);
    for (int k = 0; losses.length > 0 && k < losses[0].length; k++) {
      int objective = k;
      double low = Arrays.stream(losses).mapToDouble(f -> f[objective]).min().orElseThrow();
      double high = Arrays.stream(losses).mapToDouble(f -> f[objective]).max().orElseThrow();
      for (int m = 0; m < losses.length; m++) {
        goods[m][k] = high > low ? (high - losses[m][k]) / (high - low) : 1;
      }
    }
    return goods;
  }

  /** Level numbers of a member's first hyperparameters: entries of permutations in a row. */
  private int[] initial(int member) {
    int[] at = new int[space().size()];
    for (int d = 0; d < at.length; d++) {
      SplittableRandom random = new SplittableRandom(CounterNoise.deriveSeed(seed(), INITIAL, d));
      int count = levels(d);
      int[] permutation = new int[count];
      for (int i = 0; i <= member; i++) {
        int place = i % count;
        if (place == 0) {
          permutation = permutation(count, random);
        }
        at[d] = permutation[place];
      }
    }
    return at;
  }

  private static int[] permutation(int count, SplittableRandom random) {
    int[] permutation = IntStream.range(0, count).toArray();
    for (int i = count - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int other = permutation[j];
      permutation[j] = permutation[i];
      permutation[i] = other;
    }
    return permutation;
  }

  private int[] mutated(double[] point, SplittableRandom random) {
    int[] at = new int[point.length];
    long free = space().dimensions().stream().filter(d -> !d.fixed()).count();
    for (int d = 0; d < at.length; d++) {
      int count = levels(d);
      at[d] = Math.min((int) (point[d] * count), count - 1);
      if (random.nextDouble() < (mutation == Mutation.PBA ? PBA_RESAMPLE : 1.0 / free)) {
        at[d] = random.nextInt(count);
      } else if (mutation == Mutation.PBA) {
        int shift = random.nextInt(PBA_SHIFTS);
        at[d] += random.nextBoolean() ? shift : -shift;
        at[d] = Math.min(Math.max(at[d], 0), count - 1);
      }
    }
    return at;
  }

  private int levels(int dimension) {
    return space().levels(dimension, levels, levels);
  }

  private double[] point(int[] at) {
    double[] point = new double[at.length];
    Arrays.setAll(point, d -> (at[d] + 0.5) / levels(d));
    return space().snap(point);
  }
}
