package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.within;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.LowRankProjector;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Adam with less state: one second moment for each subset of a variable's entries (Subset-Norm),
 * and momentum kept in a subspace (Subspace-Momentum). Each half can be had without the other.
 *
 * <pre>{@code
 * SUBSET_NORM: S_j = beta2*S_j + (1-beta2)*(sum of g^2 over subset j)        (beta2 = 1: S_j += sum)
 * EMA:         the same with every entry its own subset
 * momentum EMA:  M = beta1*M + (1-beta1)*g ;  num = M                        (NONE: num = g)
 * SUBSPACE:      M = beta1*M + (1-beta1)*low(g) ;  num = back(M) + g - back(low(g))
 * c = biasCorrection ? sqrt(1-beta2^t)/(1-beta1^t) : 1                       (a beta of NONE counts 0)
 * u = learningRate * c * num / (sqrt(S) + epsilon)                           (NONE: without divisor)
 * }</pre>
 *
 * <p><b>Subsets</b> are consecutive entries, row-major with outputs first, and never cross a
 * variable. {@code subsetSize} s &gt; 0: the largest divisor of the length that is not above s; -c
 * &lt; 0: not above {@code sqrt(length)/c}. With {@code subsetHeuristic} {@code subsetSize} is
 * ignored and matrices get one subset for each row, or for each column if there are more columns;
 * vectors plain Adam. The sum, not the mean, is averaged: the useful learning rate grows by about
 * the root of the subset's size.
 *
 * <p><b>Subspace.</b> For matrices. The {@link LowRankProjector} is chosen for the gradient of the
 * first step and of every step number that {@code updateProjectionGap} divides; M then starts at 0.
 * (The authors' code loses that step's gradient; this does not.) What is outside the subspace takes
 * a plain gradient step. On vectors SUBSPACE is EMA. Convolution kernels count as {@code [out,
 * in*kH*kW]}.
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code momentum} EMA; {@code secondMoment}
 * SUBSET_NORM; {@code beta1} 0.9, in [0, 1); {@code beta2} 0.999, in [0, 1], 1 to accumulate as
 * AdaGrad does (without {@code biasCorrection}); {@code epsilon} 1e-6, at least 0; {@code
 * biasCorrection} true; {@code subsetSize} -2, not 0; {@code subsetHeuristic} false; {@code rank}
 * for SUBSPACE, at least 1, cut to the matrix; {@code projection} SVD; {@code updateProjectionGap}
 * 200, at least 1; {@code seed} 0, of UNIFORM.
 *
 * <p>State: momentum 1 value for each parameter (EMA), 0 (NONE), or for matrices {@code
 * rank*(rows+columns)} (SUBSPACE by SVD), {@code rank*(min(rows, columns)+1)} (the others); second
 * moment 1 for each subset. Needs {@link Optim#bind}.
 *
 * <p>T. Nguyen, H. Nguyen: "Subset-Norm and Subspace-Momentum: Faster Memory-Efficient Adaptive
 * Optimization with Convergence Guarantees", arXiv 2411.07120 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class SubsetNormAdam extends AbstractUpdater {

  /** What is averaged of the gradient. */
  public enum Momentum {
    /** The gradient, as in Adam. */
    EMA,
    /** Its part in a subspace. */
    SUBSPACE,
    /** Nothing. */
    NONE
  }

  /** What divides the step. */
  public enum SecondMoment {
    /** The norm of a subset of the entries. */
    SUBSET_NORM,
    /** Each entry's own, as in Adam. */
    EMA,
    /** Nothing. */
    NONE
  }

  private final Momentum momentum;
  private final SecondMoment secondMoment;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final boolean biasCorrection;
  private final int subsetSize;
  private final boolean subsetHeuristic;
  private final int rank;
  private final LowRankProjector.Kind projection;
  private final int updateProjectionGap;
  private final long seed;

  /** With its defaults: Adam with subset norms. */
  public SubsetNormAdam() {
    this(null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * With a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public SubsetNormAdam(double learningRate) {
    this(
        learningRate, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * With a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public SubsetNormAdam(ISchedule learningRateSchedule) {
    this(
        null,
        learningRateSchedule,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  @Builder
  @JsonCreator
  private SubsetNormAdam(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Momentum momentum,
      @JsonProperty("secondMoment") SecondMoment secondMoment,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("biasCorrection") Boolean biasCorrection,
      @JsonProperty("subsetSize") Integer subsetSize,
      @JsonProperty("subsetHeuristic") Boolean subsetHeuristic,
      @JsonProperty("rank") Integer rank,
      @JsonProperty("projection") LowRankProjector.Kind projection,
      @JsonProperty("updateProjectionGap") Integer updateProjectionGap,
      @JsonProperty("seed") Long seed) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.momentum = momentum == null ? Momentum.EMA : momentum;
    this.secondMoment = secondMoment == null ? SecondMoment.SUBSET_NORM : secondMoment;
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = within("beta2", beta2, 0.999, 0, 1);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-6);
    this.biasCorrection = biasCorrection == null || biasCorrection;
    this.subsetHeuristic = subsetHeuristic != null && subsetHeuristic;
    this.subsetSize = subsetSize == null ? -2 : subsetSize;
    check(
        this.subsetSize != 0 || this.subsetHeuristic,
        "subsetSize",
        this.subsetSize,
        "other than 0 without subsetHeuristic");
    boolean subspace = this.momentum == Momentum.SUBSPACE;
    this.rank = atLeast("rank", rank, 0, subspace ? 1 : 0);
    this.projection = projection == null ? LowRankProjector.Kind.SVD : projection;
    this.updateProjectionGap = count("updateProjectionGap", updateProjectionGap, 200);
    this.seed = seed == null ? 0 : seed;
    if (this.beta2 == 1 && this.biasCorrection && this.secondMoment != SecondMoment.NONE) {
      throw new IllegalArgumentException(
          "biasCorrection must be false with beta2 = 1 (accumulation), got true");
    }
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  /** How one variable is treated and where its state lies. */
  private record Plan(
      StateLayout layout,
      int m,
      int v,
      LowRankProjector projector,
      long[] subsets,
      boolean columnwise) {}

  private Plan plan(VariableShape shape) {
    StateLayout layout = new StateLayout();
    long n = shape.length();
    boolean subspace = momentum == Momentum.SUBSPACE && shape.matrix();
    boolean whole = momentum != Momentum.NONE && !subspace;
    boolean own =
        secondMoment == SecondMoment.EMA
            || secondMoment == SecondMoment.SUBSET_NORM && subsetHeuristic && !shape.matrix();
    boolean shared = secondMoment == SecondMoment.SUBSET_NORM && !own;
    int next = 0;
    int m = 0;
    // Vectors as long as the gradient come first.
    if (whole) {
      layout.vector("m", n);
      m = next++;
    }
    int v = next;
    if (own) {
      layout.vector("v", n);
      next++;
    }
    boolean columnwise = shared && subsetHeuristic && shape.rows() < shape.columns();
    long[] subsets = shared ? subsets(shape) : null;
    if (shared) {
      layout.vector("subsetNorms", subsets[columnwise ? 1 : 0]);
      next++;
    }
    LowRankProjector projector =
        subspace ? new LowRankProjector(projection, shape.rows(), shape.columns(), rank) : null;
    if (subspace) {
      m = next;
      long[] low = projector.lowShape();
      layout.vector("m", low[0] * low[1]).vector("basis", projector.basisLength());
    }
    return new Plan(layout, m, v, projector, subsets, columnwise);
  }

  /** Shape of the matrix whose rows (by the heuristic, perhaps columns) are the subsets. */
  private long[] subsets(VariableShape shape) {
    if (subsetHeuristic) {
      return new long[] {shape.rows(), shape.columns()};
    }
    long n = shape.length();
    long size =
        subsetSize > 0 ? Math.min(subsetSize, n) : (long) (Math.sqrt(n) / -(double) subsetSize);
    size = Math.max(1, size);
    while (n % size != 0) {
      size--;
    }
    return new long[] {n / size, size};
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    return plan(shape).layout;
  }

  @Override
  protected void step(Step step) {
    Plan plan = step.attached(() -> plan(step.shape()));
    double factor = step.learningRate() * correction(step);
    boolean own = plan.subsets == null && secondMoment != SecondMoment.NONE;
    INDArray divisors = plan.subsets == null ? null : subsetNorms(step, plan);
    if (plan.projector != null) {
      if (own) {
        step.forEach(lane -> accumulate(lane.state(plan.v), lane.gradient()));
      }
      subspaceMomentum(step, plan);
    }
    boolean whole = momentum != Momentum.NONE && plan.projector == null;
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          if (own && plan.projector == null) {
            accumulate(lane.state(plan.v), g);
          }
          if (whole) {
            g.set(lane.state(plan.m).ema(beta1, g));
          }
          g.scale(factor);
          if (own) {
            g.divSqrt(lane.state(plan.v), 1, epsilon);
          }
        });
    if (divisors != null) {
      INDArray update = step.gradient().reshape('c', plan.subsets);
      if (plan.columnwise) {
        update.diviRowVector(divisors);
      } else {
        update.diviColumnVector(divisors);
      }
    }
  }

  private double correction(Step step) {
    if (!biasCorrection) {
      return 1;
    }
    double first = momentum == Momentum.NONE ? 1 : step.correction(beta1);
    double second = secondMoment == SecondMoment.NONE ? 1 : step.correction(beta2);
    return Math.sqrt(second) / first;
  }

  private double fresh() {
    return beta2 == 1 ? 1 : 1 - beta2;
  }

  private void accumulate(Vector v, Vector g) {
    v.combineSquare(beta2, fresh(), g);
  }

  /** Takes the gradient into the subsets' moments and returns their roots plus epsilon. */
  private INDArray subsetNorms(Step step, Plan plan) {
    INDArray norms = step.gradient().reshape('c', plan.subsets).norm2(plan.columnwise ? 0 : 1);
    INDArray s = step.state(plan.v);
    // Norms of single entries come in the matrix's shape.
    INDArray flat = norms.reshape('c', new long[] {s.length()});
    s.muli(beta2).addi(flat.muli(flat).muli(fresh()));
    INDArray roots = Transforms.sqrt(s, true).addi(epsilon);
    for (long i = 0; epsilon == 0 && i < roots.length(); i++) {
      // A gradient too small for its square gives no step rather than a huge one. The platform's
      // conditions take all below 1e-5 for 0, so one by one.
      if (roots.getDouble(i) == 0) {
        roots.putScalar(i, Double.POSITIVE_INFINITY);
      }
    }
    return roots;
  }

  private void subspaceMomentum(Step step, Plan plan) {
    LowRankProjector projector = plan.projector;
    INDArray tall = LowRankProjector.tall(step.gradientMatrix());
    INDArray basis = step.state(plan.m + 1);
    long[] shape = projector.lowShape();
    INDArray m = step.state(plan.m, shape[0], shape[1]);
    boolean refit = step.t() % updateProjectionGap == 0;
    if (refit || step.t() == 1) {
      projector.fit(
          tall, basis, seed + step.t() * 0x9E3779B97F4A7C15L + step.shape().getName().hashCode());
      m.assign(0);
    }
    INDArray matrix = projector.matrix(basis);
    INDArray low = projector.low(tall, matrix);
    m.muli(beta1).addi(low.mul(1 - beta1));
    projector.back(m.sub(low), matrix, 1, 1, tall);
  }
}
