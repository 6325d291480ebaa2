package org.dl4jplus.optim.zeroth;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.search.CostScale;
import org.dl4jplus.optim.zeroth.search.Polytope;
import org.dl4jplus.optim.zeroth.search.PolytopeMove;
import org.dl4jplus.optim.zeroth.search.Rotations;
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
 * network collapses to a constant. Only the full space is offered, not the subspaces of the paper.
 *
 * <ul>
 *   <li>particleDimension: p, at least 1; default 2
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
 *   <li>seed: of the run, default 0; rotations are functions of seed, iteration and row
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

  private final int particleDimension;
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
  private final long seed;

  /** With the defaults. */
  public PolyStep() {
    this(
        null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null);
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
      @JsonProperty("seed") Long seed) {
    this.particleDimension = Require.count("particleDimension", particleDimension, 2);
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
    this.seed = seed == null ? 0 : seed;
    // Says now what would be too many vertices.
    this.polytope.vertices(this.particleDimension);
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
    INDArray parameters = step.problem().parameters();
    double[] x = parameters.toDoubleVector();
    int[] movable = movable(step.problem().stretches());
    int p = particleDimension;
    double[][] vertices = polytope.vertices(p);
    double[][][] turns = new double[(movable.length + p - 1) / p][][];
    double eps = epsilonAt(t, step.epoch());
    double multiplier = multiplier(step.state());
    double probe =
        at(probeRadiusSchedule, probeRadius * eps * multiplier, t, step.epoch()) / (probes + 1);
    double[][] costs = new double[turns.length][vertices.length];
    try {
      for (int i = 0; i < turns.length; i++) {
        turns[i] = rotations.rotation(t, i, p);
        for (int v = 0; v < vertices.length; v++) {
          double[] direction = PolytopeMove.rotate(turns[i], vertices[v]);
          double sum = 0;
          for (int k = 1; k <= probes; k++) {
            set(parameters, x, movable, i * p, direction, k * probe);
            sum += step.problem().loss();
          }
          costs[i][v] = sum / probes;
        }
        for (int j = i * p; j < Math.min((i + 1) * p, movable.length); j++) {
          parameters.putScalar(movable[j], x[movable[j]]);
        }
      }
    } catch (RuntimeException | Error e) {
      restore(step, x);
      throw e;
    }
    double loss = finiteMean(costs);
    if (PolytopeMove.replaceNonFinite(costs) == 0) {
      return Double.NaN;
    }
    double radius =
        at(stepRadiusSchedule, stepRadius * eps * multiplier, t, step.epoch()) * jitter(t);
    double temperature = temperature(costs, CostScale.NONE, eps);
    double[] move = new double[x.length];
    for (int i = 0; i < turns.length; i++) {
      double[] mean = PolytopeMove.centroid(costs[i], vertices, temperature);
      double[] direction = PolytopeMove.rotate(turns[i], mean);
      for (int j = 0; j < p && i * p + j < movable.length; j++) {
        move[movable[i * p + j]] = radius * direction[j];
      }
    }
    move(step, x, move);
    remember(step.state(), loss, multiplier);
    return loss;
  }

  private static int[] movable(List<Stretch> stretches) {
    int count = 0;
    for (Stretch stretch : stretches) {
      count += Math.toIntExact(stretch.to() - stretch.from());
    }
    int[] movable = new int[count];
    int at = 0;
    for (Stretch stretch : stretches) {
      for (long i = stretch.from(); i < stretch.to(); i++) {
        movable[at++] = (int) i;
      }
    }
    return movable;
  }

  /** Sets one row to x_i + scale direction; what is beyond the last entry is left out. */
  private static void set(
      INDArray parameters, double[] x, int[] movable, int from, double[] direction, double scale) {
    for (int j = 0; j < direction.length && from + j < movable.length; j++) {
      int at = movable[from + j];
      parameters.putScalar(at, x[at] + scale * direction[j]);
    }
  }

  private static void restore(ZoStep step, double[] x) {
    step.perturber()
        .apply((now, from, length, decays, s) -> System.arraycopy(x, (int) from, now, 0, length));
  }

  private void move(ZoStep step, double[] x, double[] move) {
    double beta = at(momentumSchedule, momentum, step.iteration(), step.epoch());
    if (momentum > 0 || momentumSchedule != null) {
      INDArray velocity =
          step.state().vector(0, () -> Nd4j.zeros(DataType.DOUBLE, (long) move.length));
      velocity.muli(beta).addi(Nd4j.createFromArray(move));
      System.arraycopy(velocity.toDoubleVector(), 0, move, 0, move.length);
    }
    for (int i = 0; i < x.length; i++) {
      x[i] += learningRate * move[i];
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
