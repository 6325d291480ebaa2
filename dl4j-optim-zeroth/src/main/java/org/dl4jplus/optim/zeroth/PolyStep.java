package org.dl4jplus.optim.zeroth;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Function;
import java.util.function.IntConsumer;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.search.CostScale;
import org.dl4jplus.optim.zeroth.search.Polytope;
import org.dl4jplus.optim.zeroth.search.PolytopeMove;
import org.dl4jplus.optim.zeroth.search.Rotations;
import org.dl4jplus.optim.zeroth.search.Subspace;
import org.dl4jplus.optim.zeroth.search.Subspace.Move;
import org.dl4jplus.optim.zeroth.train.NetworkCopies;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * PolyStep, for networks with parts that have no derivative, floors, signs, branches: the
 * parameters that may move are cut into rows of p entries, the last one short; a row moves towards
 * the vertices of a rotated polytope about it, weighted by what the whole network costs there.
 *
 * <pre>{@code
 * C(i, v) = mean over k = 1..K of L(x with row i replaced by x_i + k/(K+1) probe R_i v)
 * x_i <- x_i + step R_i (sum over v of softmax(-C(i, .) / epsilon)(v) v)
 * }</pre>
 *
 * A step takes rows x vertices x K losses, about 2 n for p = 2: this is for few weights, trees,
 * routing, satisfiability, and for small nets. All rows move at once, so that the joint step is
 * about step sqrt(rows): keep stepRadius small there (0.2 to 0.5 times an epsilon of 0.1), or the
 * network collapses to a constant.
 *
 * <p>Networks of more weights are moved along fewer coordinates, {@link Subspace}, which are cut
 * into rows in the place of the parameters. These are two losses for each coordinate, which may be
 * taken on several threads.
 *
 * <ul>
 *   <li>particleDimension: p, at least 1; not set, 2 in the full space and 8 in a subspace
 *   <li>epsilon: temperature, above 0; default 0.1. epsilonSchedule takes its place
 *   <li>stepRadius, probeRadius: above 0; defaults 1 and 2. In training they are multiplied by the
 *       current epsilon, and by the multiplier of adaptiveRadius. stepRadiusSchedule and
 *       probeRadiusSchedule take the place of the whole product
 *   <li>probes: K, at least 1; default 1
 *   <li>polytope: default ORTHOPLEX
 *   <li>costScale: what costs are divided by; not set, NONE in training and MEAN in {@link
 *       PolyStepES}
 *   <li>costDivisor: divides the costs as well, above 0; default 1
 *   <li>momentum: beta in {@code v <- beta v + move, x <- x + learningRate v}; in [0, 1), default
 *       0; the authors' option goes from 0.5 to 0.95. momentumSchedule takes its place
 *   <li>learningRate: at least 0; default 1
 *   <li>adaptiveRadius: after 10 steps in a row whose mean cost changed by less than 1e-4, relative
 *       to it, the radii grow by 1.5 (3 times at most); a step that improved it by more shrinks
 *       them by 0.9 (to half at least); default false
 *   <li>radiusJitter: eta in [0, 1): the step radius of a step is multiplied by 1 + U(-eta, eta);
 *       default 0
 *   <li>subspace: FULL, HYBRID or SPARSE; not set, FULL for up to 20,000 parameters that may move
 *       and SPARSE for more
 *   <li>rank: of the subspace, at least 1; default 8
 *   <li>maxCoordinates: bound of the subspace's size, at least 0; default 0, none
 *   <li>absorbEvery: steps after which what was reached is the base of another random subspace, at
 *       least 0; default 0, never. (The published code keeps the projection when it absorbs, which
 *       changes no parameter; then 0 is the same.)
 *   <li>threads: that take losses of a network, each on its own copy of it, with the same result
 *       for any number; 0 for as many as there are processors; default 1. Functions that are no
 *       networks are called on one
 *   <li>seed: of the run, default 0; rotations are functions of seed, iteration and row, and
 *       subspaces of seed, iteration and variable
 * </ul>
 *
 * <p>Losses that are not finite count as worse than all others; where none is finite the step is
 * skipped. The loss that is reported is the mean of the finite costs. Source: "PolyStep", arXiv
 * 2605.01928, 2026, and its published code.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class PolyStep extends ZerothOrderMethod {

  private static final double STALLED = 1e-4;
  private static final int PATIENCE = 10;

  /** Places in the state. */
  private static final int MULTIPLIER = 0;

  private static final int LAST = 1;
  private static final int STALLS = 2;
  private static final int SEEN = 3;

  /** Keeps the jitter's stream apart from those of rows. */
  private static final long JITTER = -1;

  /** Keeps the subspaces' streams apart from those of iterations. */
  private static final long SUBSPACE = -2;

  private static final int FULL_UP_TO = 20_000;

  private static final Map<ZoProblem, Space> SPACES =
      Collections.synchronizedMap(new WeakHashMap<>());
  private static final Map<ZoProblem, NetworkCopies> COPIES =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final Integer particleDimension;
  private final double epsilon;
  private final ISchedule epsilonSchedule;
  private final double stepRadius;
  private final ISchedule stepRadiusSchedule;
  private final double probeRadius;
  private final ISchedule probeRadiusSchedule;
  private final int probes;
  private final Polytope polytope;
  private final CostScale costScale;
  private final double costDivisor;
  private final double momentum;
  private final ISchedule momentumSchedule;
  private final double learningRate;
  private final boolean adaptiveRadius;
  private final double radiusJitter;
  private final Subspace.Kind subspace;
  private final int rank;
  private final int maxCoordinates;
  private final int absorbEvery;
  private final int threads;
  private final long seed;

  /** With the defaults. */
  public PolyStep() {
    this(
        null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private PolyStep(
      @JsonProperty("particleDimension") Integer particleDimension,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("epsilonSchedule") ISchedule epsilonSchedule,
      @JsonProperty("stepRadius") Double stepRadius,
      @JsonProperty("stepRadiusSchedule") ISchedule stepRadiusSchedule,
      @JsonProperty("probeRadius") Double probeRadius,
      @JsonProperty("probeRadiusSchedule") ISchedule probeRadiusSchedule,
      @JsonProperty("probes") Integer probes,
      @JsonProperty("polytope") Polytope polytope,
      @JsonProperty("costScale") CostScale costScale,
      @JsonProperty("costDivisor") Double costDivisor,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("momentumSchedule") ISchedule momentumSchedule,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("adaptiveRadius") Boolean adaptiveRadius,
      @JsonProperty("radiusJitter") Double radiusJitter,
      @JsonProperty("subspace") Subspace.Kind subspace,
      @JsonProperty("rank") Integer rank,
      @JsonProperty("maxCoordinates") Integer maxCoordinates,
      @JsonProperty("absorbEvery") Integer absorbEvery,
      @JsonProperty("threads") Integer threads,
      @JsonProperty("seed") Long seed) {
    this.particleDimension =
        particleDimension == null
            ? null
            : Integer.valueOf(Require.count("particleDimension", particleDimension, 2));
    this.epsilon = Require.positive("epsilon", epsilon, 0.1);
    this.epsilonSchedule = epsilonSchedule;
    this.stepRadius = Require.positive("stepRadius", stepRadius, 1);
    this.stepRadiusSchedule = stepRadiusSchedule;
    this.probeRadius = Require.positive("probeRadius", probeRadius, 2);
    this.probeRadiusSchedule = probeRadiusSchedule;
    this.probes = Require.count("probes", probes, 1);
    this.polytope = polytope == null ? Polytope.ORTHOPLEX : polytope;
    this.costScale = costScale;
    this.costDivisor = Require.positive("costDivisor", costDivisor, 1);
    this.momentum = Require.beta("momentum", momentum, 0);
    this.momentumSchedule = momentumSchedule;
    this.learningRate = Require.rate("learningRate", learningRate, 1);
    this.adaptiveRadius = adaptiveRadius != null && adaptiveRadius;
    this.radiusJitter = Require.beta("radiusJitter", radiusJitter, 0);
    this.subspace = subspace;
    this.rank = Require.count("rank", rank, 8);
    this.maxCoordinates = Require.atLeast("maxCoordinates", maxCoordinates, 0, 0);
    this.absorbEvery = Require.atLeast("absorbEvery", absorbEvery, 0, 0);
    this.threads = Require.atLeast("threads", threads, 1, 0);
    this.seed = seed == null ? 0 : seed;
    // Says now what would be too many vertices.
    this.polytope.vertices(this.particleDimension == null ? 2 : this.particleDimension);
  }

  double epsilonAt(int iteration, int epoch) {
    return at(epsilonSchedule, epsilon, iteration, epoch);
  }

  /** As it is given, without a product. */
  double stepRadiusAt(int iteration, int epoch) {
    return at(stepRadiusSchedule, stepRadius, iteration, epoch);
  }

  double temperature(double[][] costs, CostScale standard, double eps) {
    CostScale scale = costScale == null ? standard : costScale;
    // A schedule may end at 0, where the best vertex takes all.
    return Math.max(scale.divisor(costs) * costDivisor * eps, Double.MIN_NORMAL);
  }

  private static double at(ISchedule schedule, double constant, int iteration, int epoch) {
    return schedule == null
        ? constant
        : Require.nonNegative("value of a schedule", schedule.valueAt(iteration, epoch), 0);
  }

  @Override
  public double step(ZoStep step) {
    return step(step, Rotations.haar(seed));
  }

  /**
   * Makes a step with rotations of another source.
   *
   * @param step the step
   * @param rotations makes the rotations
   * @return the mean of the finite costs; not finite if the step was skipped
   */
  public double step(ZoStep step, Rotations rotations) {
    int t = step.iteration();
    double[] x = step.problem().parameters().toDoubleVector();
    Subspace space = space(step);
    double[][] vertices = polytope.vertices(rowLength(step.problem()));
    int p = vertices[0].length;
    double[][][] turns = new double[(space.size() + p - 1) / p][][];
    double eps = epsilonAt(t, step.epoch());
    double multiplier = multiplier(step.state());
    double probe =
        at(probeRadiusSchedule, probeRadius * eps * multiplier, t, step.epoch()) / (probes + 1);
    double[][] costs = new double[turns.length][vertices.length];
    Function<ZoProblem, IntConsumer> worker =
        problem -> {
          Move move = new Move(x.length);
          return i -> {
            turns[i] = rotations.rotation(t, i, p);
            for (int v = 0; v < vertices.length; v++) {
              double[] direction = PolytopeMove.rotate(turns[i], vertices[v]);
              double sum = 0;
              for (int k = 1; k <= probes; k++) {
                along(space, i * p, direction, k * probe, move);
                sum += lossAt(problem, x, move);
              }
              costs[i][v] = sum / probes;
            }
          };
        };
    costs(step.problem(), turns.length, worker);
    double loss = finiteMean(costs);
    if (PolytopeMove.replaceNonFinite(costs) == 0) {
      return Double.NaN;
    }
    double radius =
        at(stepRadiusSchedule, stepRadius * eps * multiplier, t, step.epoch()) * jitter(t);
    double temperature = temperature(costs, CostScale.NONE, eps);
    Move move = new Move(x.length);
    for (int i = 0; i < turns.length; i++) {
      double[] mean = PolytopeMove.centroid(costs[i], vertices, temperature);
      along(space, i * p, PolytopeMove.rotate(turns[i], mean), radius, move);
    }
    move(step, x, move);
    remember(step.state(), loss, multiplier);
    return loss;
  }

  private boolean full(ZoProblem problem) {
    return subspace == null
        ? problem.stretches().stream().mapToLong(s -> s.to() - s.from()).sum() <= FULL_UP_TO
        : subspace == Subspace.Kind.FULL;
  }

  private int rowLength(ZoProblem problem) {
    return particleDimension != null ? particleDimension : full(problem) ? 2 : 8;
  }

  /** A subspace, and what it was made for. */
  private record Space(PolyStep method, long period, Subspace coordinates) {}

  private Subspace space(ZoStep step) {
    ZoProblem problem = step.problem();
    Subspace.Kind kind =
        full(problem) ? Subspace.Kind.FULL : subspace == null ? Subspace.Kind.SPARSE : subspace;
    long period = absorbEvery == 0 ? 0 : step.iteration() / absorbEvery;
    return SPACES.compute(
            problem,
            (key, old) ->
                old != null && old.period == period && old.method.equals(this)
                    ? old
                    : new Space(
                        this,
                        period,
                        new Subspace(
                            problem,
                            kind,
                            rank,
                            maxCoordinates,
                            CounterNoise.deriveSeed(seed, SUBSPACE),
                            period)))
        .coordinates;
  }

  /** Does all rows, on copies of a network where threads are asked for. */
  private void costs(ZoProblem problem, int rows, Function<ZoProblem, IntConsumer> worker) {
    int wanted = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    if (wanted > 1 && problem instanceof ModelObjective objective) {
      COPIES
          .compute(
              problem,
              (key, old) ->
                  old != null && old.threads() == wanted
                      ? old
                      : new NetworkCopies(objective, wanted))
          .run(objective, rows, worker);
      return;
    }
    IntConsumer here = worker.apply(problem);
    for (int i = 0; i < rows; i++) {
      here.accept(i);
    }
  }

  /** Moves a row along a direction; what is beyond the last coordinate is left out. */
  private static void along(Subspace space, int from, double[] direction, double scale, Move move) {
    for (int j = 0; j < direction.length && from + j < space.size(); j++) {
      space.add(from + j, scale * direction[j], move);
    }
  }

  /** The loss after a move, which is taken back. */
  private static double lossAt(ZoProblem problem, double[] x, Move move) {
    INDArray parameters = problem.parameters();
    try {
      for (int i = 0; i < move.count(); i++) {
        int at = move.entry(i);
        parameters.putScalar(at, x[at] + move.by(at));
      }
      return problem.loss();
    } finally {
      for (int i = 0; i < move.count(); i++) {
        parameters.putScalar(move.entry(i), x[move.entry(i)]);
      }
      move.clear();
    }
  }

  private static void restore(ZoStep step, double[] x) {
    step.perturber()
        .apply((now, from, length, decays, s) -> System.arraycopy(x, (int) from, now, 0, length));
  }

  private void move(ZoStep step, double[] x, Move move) {
    double[] by = new double[x.length];
    for (int i = 0; i < move.count(); i++) {
      by[move.entry(i)] = move.by(move.entry(i));
    }
    double beta = at(momentumSchedule, momentum, step.iteration(), step.epoch());
    if (momentum > 0 || momentumSchedule != null) {
      INDArray velocity =
          step.state().vector(0, () -> Nd4j.zeros(DataType.DOUBLE, (long) x.length));
      velocity.muli(beta).addi(Nd4j.createFromArray(by));
      by = velocity.toDoubleVector();
    }
    for (int i = 0; i < x.length; i++) {
      x[i] += learningRate * by[i];
    }
    restore(step, x);
  }

  private double jitter(int t) {
    return radiusJitter == 0
        ? 1
        : 1
            + radiusJitter
                * (2 * CounterNoise.uniform(CounterNoise.deriveSeed(seed, t, JITTER), 0) - 1);
  }

  private static double finiteMean(double[][] costs) {
    double sum = 0;
    long count = 0;
    for (double[] row : costs) {
      for (double cost : row) {
        if (Double.isFinite(cost)) {
          sum += cost;
          count++;
        }
      }
    }
    return sum / count;
  }

  private double multiplier(GradientState state) {
    return adaptiveRadius && state.scalar(MULTIPLIER) > 0 ? state.scalar(MULTIPLIER) : 1;
  }

  private void remember(GradientState state, double loss, double multiplier) {
    if (!adaptiveRadius) {
      return;
    }
    double last = state.scalar(LAST);
    double next = multiplier;
    double stalls = 0;
    if (state.scalar(SEEN) > 0) {
      if (Math.abs(last - loss) < STALLED * Math.max(Math.abs(last), Double.MIN_NORMAL)) {
        stalls = state.scalar(STALLS) + 1;
        if (stalls == PATIENCE) {
          next = Math.min(3, 1.5 * multiplier);
          stalls = 0;
        }
      } else if (loss < last) {
        next = Math.max(0.5, 0.9 * multiplier);
      }
    }
    state.setScalar(MULTIPLIER, next);
    state.setScalar(LAST, loss);
    state.setScalar(STALLS, stalls);
    state.setScalar(SEEN, 1);
  }
}
