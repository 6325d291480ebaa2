package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.second.linalg.KroneckerBlocks;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Scalable Shampoo: AdaGrad with full matrices, one for each axis of a weight, in place of the full
 * matrix of all its entries; with blocks, grafting and roots that are computed now and then.
 *
 * <pre>{@code
 * for each block G of a weight's gradient g and each of its axes i, in step k = 1, 2, ...:
 * L_i = beta2*L_i + w2 * (G G^T over the other axes)   L_i = matrixEpsilon*I at first; w2 = 1-beta2,
 *                                                      1 if beta2 = 1; k mod statisticsComputeSteps = 0
 * L_i = L_i + matrixEpsilon*(largest eigenvalue) * I   k mod preconditioningComputeSteps = 0
 * P_i = L_i^(-1/p)                                     p = 2*rank, or inverseExponentOverride
 * then for the whole weight, all blocks together:
 * a  = g (graft SGD), g / (sqrt(sum of g^2) + diagonalEpsilon) (ADAGRAD)
 * s  = G times P_i along every axis (g before step startPreconditioningStep)
 * s  = s * ||a|| / (||s|| + 1e-16)                     not with graft NONE
 * s  = s + weightDecay*w ;  a = a + weightDecay*w
 * m  = momentum*m + s    ;  q = momentum*q + g
 * before startPreconditioningStep:  q = momentum*q + a (nesterov) ;  u = learningRate * q
 * from then on:                     m = momentum*m + s (nesterov) ;  u = learningRate * m
 * }</pre>
 *
 * <p>The shape of a weight is that of its memory with the outputs first, {@code [nOut, nIn]} for
 * dense layers, {@code [nOut, nIn, kH, kW]} for kernels. With {@code mergeSmallDimensions}
 * neighbouring axes are joined while their product is at most {@code blockSize}: <em>a matrix with
 * at most {@code blockSize} entries becomes a vector</em>. Axes longer than {@code blockSize} are
 * cut. Vectors are not preconditioned, and neither is an axis of one entry.
 *
 * <p>As in the authors' code the ridge stays in the statistics and Nesterov's value stays in the
 * momentum. Three things differ: roots are exact up to 1024 rows; weight decay is added once before
 * {@code startPreconditioningStep}, too; graft NONE does not rescale. A gradient whose squares
 * would leave the range of the network's type is passed over with a step of zero.
 *
 * <p>Fields: {@code learningRate} 1, at least 0; {@code momentum} 0.9, in [0, 1); {@code beta2} 1,
 * in (0, 1]; {@code diagonalEpsilon} 1e-6, {@code matrixEpsilon} 1e-12 (1e-6 suits single
 * precision) and {@code weightDecay} 0, all at least 0; {@code inverseExponentOverride} 0 (2*rank),
 * at least 0; {@code startPreconditioningStep} 1, at least 0 (the authors take 5 to 25); {@code
 * preconditioningComputeSteps} 1 (the authors take 10 to 1000), {@code statisticsComputeSteps} 1
 * and {@code blockSize} 128 (128 to 512), at least 1; {@code mergeSmallDimensions} true; {@code
 * graft} SGD, ADAGRAD or NONE; {@code nesterov} true; {@code asyncRoots} false: whether roots are
 * computed on another thread while training goes on with the old ones. Such a run cannot be
 * repeated to the bit, and roots that are under way are lost on saving.
 *
 * <p>State: 1 value for each parameter, 1 more with graft ADAGRAD and 1 more if {@code
 * startPreconditioningStep} is above 1, and 2 rows^2 values for each axis of each block. Needs
 * {@code Optim.bind}.
 *
 * <p>R. Anil, V. Gupta, T. Koren, K. Regan, Y. Singer: "Scalable Second Order Optimization for Deep
 * Learning", arXiv 2002.09018 (2020).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class ScalableShampoo extends AbstractUpdater {

  /** The method whose step length is taken. */
  public enum Graft {
    /** The gradient's length. */
    SGD,
    /** The length of AdaGrad's step. */
    ADAGRAD,
    /** Shampoo's own length. */
    NONE
  }

  private static final double TINY = 1e-16;

  private final double momentum;
  private final double beta2;
  private final double diagonalEpsilon;
  private final double matrixEpsilon;
  private final double weightDecay;
  private final int inverseExponentOverride;
  private final int startPreconditioningStep;
  private final int preconditioningComputeSteps;
  private final int statisticsComputeSteps;
  private final int blockSize;
  private final boolean mergeSmallDimensions;
  private final Graft graft;
  private final boolean nesterov;
  private final boolean asyncRoots;

  /** Shampoo with its defaults. */
  public ScalableShampoo() {
    this(
        null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null);
  }

  /**
   * Shampoo with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public ScalableShampoo(double learningRate) {
    this(
        learningRate,
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
        null,
        null,
        null,
        null);
  }

  /**
   * Shampoo with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public ScalableShampoo(ISchedule learningRateSchedule) {
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
        null,
        null,
        null);
  }

  @Builder
  @JsonCreator
  private ScalableShampoo(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("diagonalEpsilon") Double diagonalEpsilon,
      @JsonProperty("matrixEpsilon") Double matrixEpsilon,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("inverseExponentOverride") Integer inverseExponentOverride,
      @JsonProperty("startPreconditioningStep") Integer startPreconditioningStep,
      @JsonProperty("preconditioningComputeSteps") Integer preconditioningComputeSteps,
      @JsonProperty("statisticsComputeSteps") Integer statisticsComputeSteps,
      @JsonProperty("blockSize") Integer blockSize,
      @JsonProperty("mergeSmallDimensions") Boolean mergeSmallDimensions,
      @JsonProperty("graft") Graft graft,
      @JsonProperty("nesterov") Boolean nesterov,
      @JsonProperty("asyncRoots") Boolean asyncRoots) {
    super(learningRate, 1, learningRateSchedule);
    this.momentum = beta("momentum", momentum, 0.9);
    double b2 = beta2 == null ? 1 : beta2;
    this.beta2 = check(b2 > 0 && b2 <= 1, "beta2", b2, "in (0, 1]");
    this.diagonalEpsilon = nonNegative("diagonalEpsilon", diagonalEpsilon, 1e-6);
    this.matrixEpsilon = nonNegative("matrixEpsilon", matrixEpsilon, 1e-12);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
    this.inverseExponentOverride =
        atLeast("inverseExponentOverride", inverseExponentOverride, 0, 0);
    this.startPreconditioningStep =
        atLeast("startPreconditioningStep", startPreconditioningStep, 1, 0);
    this.preconditioningComputeSteps =
        count("preconditioningComputeSteps", preconditioningComputeSteps, 1);
    this.statisticsComputeSteps = count("statisticsComputeSteps", statisticsComputeSteps, 1);
    this.blockSize = count("blockSize", blockSize, 128);
    this.mergeSmallDimensions = mergeSmallDimensions == null || mergeSmallDimensions;
    this.graft = graft == null ? Graft.SGD : graft;
    this.nesterov = nesterov == null || nesterov;
    this.asyncRoots = asyncRoots != null && asyncRoots;
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  @Override
  public boolean needsParameters() {
    return weightDecay > 0;
  }

  private static final int MOMENTUM = 0;

  private boolean warms() {
    return startPreconditioningStep > 1;
  }

  private int squares() {
    return warms() ? 2 : 1;
  }

  private int statistics() {
    return squares() + (graft == Graft.ADAGRAD ? 1 : 0);
  }

  /** The tensor that is preconditioned; of rank 1 where none is. */
  private long[] tensor(VariableShape shape) {
    if (!shape.matrix()) {
      return new long[] {shape.length()};
    }
    return mergeSmallDimensions
        ? KroneckerBlocks.merged(shape.getDimensions(), blockSize)
        : shape.getDimensions();
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    long n = shape.length();
    StateLayout layout = new StateLayout().vector("momentum", n);
    if (warms()) {
      layout.vector("graftMomentum", n);
    }
    if (graft == Graft.ADAGRAD) {
      layout.vector("squares", n);
    }
    long size = KroneckerBlocks.size(tensor(shape), blockSize);
    return layout.vector("statistics", size).vector("roots", size);
  }

  @Override
  protected void step(Step step) {
    double squared = step.sum(lane -> lane.gradient().squaredNorm());
    if (squared > (step.gradient().dataType() == DataType.DOUBLE ? 1e300 : 1e35)) {
      step.gradient().assign(0);
      return;
    }
    long[] tensor = tensor(step.shape());
    KroneckerBlocks blocks =
        step.attached(
            () ->
                new KroneckerBlocks(
                    tensor, blockSize, step.state(statistics()), step.state(statistics() + 1)));
    curvature(step, blocks, tensor.length);
    double gradientNorm = Math.sqrt(squared);
    double graftNorm = graft == Graft.ADAGRAD ? adaGradNorm(step) : gradientNorm;
    if (step.t() < startPreconditioningStep) {
      warm(step, scale(graftNorm, gradientNorm));
      return;
    }
    blocks.precondition(step.gradient());
    double norm = Math.sqrt(step.sum(lane -> lane.gradient().squaredNorm()));
    double factor = scale(graftNorm, norm);
    step.forEach(
        lane -> {
          Vector s = lane.gradient().scale(factor);
          if (weightDecay > 0) {
            s.addScaled(weightDecay, lane.parameters());
          }
          Vector m = lane.state(MOMENTUM).combine(momentum, 1, s);
          if (nesterov) {
            m.combine(momentum, 1, s);
          }
          s.set(m).scale(step.learningRate());
        });
  }

  private void curvature(Step step, KroneckerBlocks blocks, int rank) {
    if (step.t() == 1) {
      blocks.start(matrixEpsilon);
    }
    blocks.collect();
    if (step.t() % statisticsComputeSteps == 0) {
      blocks.accumulate(step.gradient(), beta2, beta2 == 1 ? 1 : 1 - beta2);
    }
    if (step.t() % preconditioningComputeSteps == 0) {
      int p = inverseExponentOverride > 0 ? inverseExponentOverride : 2 * rank;
      if (asyncRoots) {
        blocks.refreshLater(p, matrixEpsilon);
      } else {
        blocks.refresh(p, matrixEpsilon);
      }
    }
  }

  private double adaGradNorm(Step step) {
    return Math.sqrt(
        step.sum(
            lane -> {
              Vector g = lane.gradient();
              Vector sum = lane.state(squares()).combineSquare(1, 1, g);
              return lane.temp(0).set(g).divSqrt(sum, 1, diagonalEpsilon).squaredNorm();
            }));
  }

  private double scale(double graftNorm, double norm) {
    return graft == Graft.NONE ? 1 : graftNorm / (norm + TINY);
  }

  /** A step of the grafted method while the statistics fill. */
  private void warm(Step step, double factor) {
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector s = lane.temp(0).set(g).scale(factor);
          Vector a = lane.temp(1).set(g);
          if (graft == Graft.ADAGRAD) {
            a.divSqrt(lane.state(squares()), 1, diagonalEpsilon);
          }
          if (weightDecay > 0) {
            s.addScaled(weightDecay, lane.parameters());
            a.addScaled(weightDecay, lane.parameters());
          }
          lane.state(MOMENTUM).combine(momentum, 1, s);
          Vector q = lane.state(1).combine(momentum, 1, g);
          if (nesterov) {
            q.combine(momentum, 1, a);
          }
          g.set(q).scale(step.learningRate());
        });
  }
}
