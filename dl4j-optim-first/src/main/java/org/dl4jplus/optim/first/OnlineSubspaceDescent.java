package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.LowRankProjector;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.DelegatingUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Online subspace descent: any elementwise updater, run in a projection of each matrix on a
 * subspace that follows the gradients by online principal component analysis, without a
 * decomposition after the first step.
 *
 * <p>H is the gradient with the longer side first, P is {@code rank x shorter side}:
 *
 * <pre>{@code
 * t = 1: P = first right singular vectors of H             (zero gradient: the first unit vectors)
 * low = H P^T ;  u = scale * delegate(low) P
 * then, if t > 1: N = H/||H|| ;  Z = N P^T P - N ;  dP = 2 P (N^T Z + Z^T N)
 *                 P <- projection optimizer's step on dP, rate lr_t/lr_1 / updateProjectionGap
 * }</pre>
 *
 * <p>The projection optimizer: ADAMW with 0.9, 0.999, 1e-8 and decay 0.01 (its reference's default,
 * which shrinks P slightly), SGD, LION with 0.9, 0.99 and no decay; or NONE_SVD: P is fitted anew
 * to the gradient at step 1 and after every {@code updateProjectionGap} steps (GaLore). P is not
 * made orthonormal otherwise. Vectors and matrices whose shorter side is at most {@code rank} get
 * the delegate at full size. Convolution kernels count as {@code [out, in*kH*kW]}.
 *
 * <p>Fields: {@code delegate}, any updater that needs no binding and keeps no account of its
 * updates; {@code rank}, at least 1, without a default; {@code updateProjectionGap} 200, at least
 * 1; {@code scale} 1, at least 0 (the authors' runs on language models take 0.25); {@code
 * projectionOptimizer} ADAMW; {@code signAfter} false, true only for {@link Lion}: project its
 * average back and take the sign at full size, as the authors' Lion does. Learning rate and
 * schedule are the delegate's.
 *
 * <p>State: for a matrix {@code k * rank * (shorter side)} with k = 3 (ADAMW), 2 (LION), 1 (else),
 * and the delegate's for {@code rank * (longer side)} parameters; else the delegate's. Needs {@link
 * Optim#bind}.
 *
 * <p>K. Liang, B. Liu, L. Chen, Q. Liu: "Memory-Efficient LLM Training with Online Subspace
 * Descent", arXiv 2408.12857 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OnlineSubspaceDescent extends DelegatingUpdater {

  /** How the projection moves. */
  public enum ProjectionOptimizer {
    /** Adam with decoupled decay. */
    ADAMW(2),
    /** Gradient descent. */
    SGD(0),
    /** Signs of averaged gradients. */
    LION(1),
    /** Not by steps, but anew by a singular value decomposition. */
    NONE_SVD(0);

    private final int moments;

    ProjectionOptimizer(int moments) {
      this.moments = moments;
    }
  }

  private static final double DECAY = 0.01;
  private static final double EPSILON = 1e-8;
  private static final double BETA1 = 0.9;
  private static final double ADAM_BETA2 = 0.999;
  private static final double LION_BETA2 = 0.99;

  private final int rank;
  private final int updateProjectionGap;
  private final double scale;
  private final ProjectionOptimizer projectionOptimizer;
  private final boolean signAfter;

  /**
   * With its defaults.
   *
   * @param delegate the updater in the subspace
   * @param rank dimension of the subspace, at least 1
   * @throws IllegalArgumentException if the delegate needs binding
   */
  public OnlineSubspaceDescent(IUpdater delegate, int rank) {
    this(delegate, rank, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private OnlineSubspaceDescent(
      @JsonProperty("delegate") IUpdater delegate,
      @JsonProperty("rank") Integer rank,
      @JsonProperty("updateProjectionGap") Integer updateProjectionGap,
      @JsonProperty("scale") Double scale,
      @JsonProperty("projectionOptimizer") ProjectionOptimizer projectionOptimizer,
      @JsonProperty("signAfter") Boolean signAfter) {
    super(
        delegate,
        "that needs neither shapes nor values of parameters and whose updates may be changed",
        delegate instanceof AbstractUpdater own
            && (own.needsBinding() || !own.allowsChangedUpdates()));
    this.signAfter = signAfter != null && signAfter;
    if (this.signAfter && !(delegate instanceof Lion)) {
      throw new IllegalArgumentException(
          "signAfter must be false unless the delegate is Lion, got true with "
              + delegate.getClass().getSimpleName());
    }
    this.rank = count("rank", rank, 0);
    this.updateProjectionGap = count("updateProjectionGap", updateProjectionGap, 200);
    this.scale = nonNegative("scale", scale, 1);
    this.projectionOptimizer =
        projectionOptimizer == null ? ProjectionOptimizer.ADAMW : projectionOptimizer;
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  private boolean projects(VariableShape shape) {
    return shape.matrix() && Math.min(shape.rows(), shape.columns()) > rank;
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    StateLayout layout = new StateLayout().scalars(1);
    if (!projects(shape)) {
      return layout.vector("delegate", getDelegate().stateSize(shape.length()));
    }
    long longer = Math.max(shape.rows(), shape.columns());
    layout.vector("delegate", getDelegate().stateSize(longer * rank));
    for (int i = 0; i <= projectionOptimizer.moments; i++) {
      layout.vector("projection" + i, rank * shape.length() / longer);
    }
    return layout;
  }

  @Override
  protected void step(Step step) {
    GradientUpdater<?> inner =
        step.attached(() -> getDelegate().instantiate(step.state(0), step.t() == 1));
    if (!projects(step.shape())) {
      inner.applyUpdater(step.gradient(), step.iteration(), step.epoch());
      return;
    }
    INDArray h = LowRankProjector.tall(step.gradientMatrix());
    INDArray p = step.state(1, rank, h.columns());
    if (step.t() == 1) {
      step.scalar(0, step.learningRate());
    }
    boolean fit =
        projectionOptimizer == ProjectionOptimizer.NONE_SVD
            && (step.t() - 1) % updateProjectionGap == 0;
    if (fit || step.t() == 1) {
      p.assign(LowRankProjector.rightVectors(h, rank));
    }
    INDArray low = Nd4j.createUninitialized(h.dataType(), h.rows(), rank);
    Nd4j.gemm(h, p, low, false, true, 1, 0);
    boolean moves = step.t() > 1 && projectionOptimizer != ProjectionOptimizer.NONE_SVD;
    INDArray change = moves ? change(step, h, p, low) : null;
    INDArray flat = low.reshape('c', new long[] {low.length()});
    if (signAfter) {
      average(step, (Lion) getDelegate(), flat);
      Nd4j.gemm(low, p, h, false, false, 1, 0);
      step.forEach(lane -> lane.gradient().sign().scale(scale * step.learningRate()));
    } else {
      inner.applyUpdater(flat, step.iteration(), step.epoch());
      Nd4j.gemm(low, p, h, false, false, scale, 0);
    }
    if (moves) {
      move(step, change);
    }
  }

  /** Lion's average in the subspace, before the sign, in the delegate's place of the state. */
  private static void average(Step step, Lion lion, INDArray low) {
    INDArray moment = step.state(0).get(NDArrayIndex.interval(0, low.length()));
    Operands operands = new Operands(low, null, List.of(moment));
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector g = lane.gradient();
              Vector m = lane.state(0);
              Vector c = lane.temp(0).blend(lion.getBeta1(), m, 1 - lion.getBeta1(), g);
              m.ema(lion.getBeta2(), g);
              g.set(c);
            },
            operands);
  }

  /**
   * dP. With {@code L = N P^T} it is {@code 2 ( L^T L P + (P P^T - 2) L^T N )}, one product of full
   * size.
   */
  private INDArray change(Step step, INDArray h, INDArray p, INDArray low) {
    double norm = Math.sqrt(step.sum(lane -> lane.gradient().squaredNorm()));
    INDArray change = Nd4j.create(p.dataType(), p.rows(), p.columns());
    if (norm == 0) {
      return change;
    }
    INDArray l = low.mul(1 / norm);
    INDArray ln = Nd4j.createUninitialized(p.dataType(), p.rows(), p.columns());
    Nd4j.gemm(l, h, ln, true, false, 1 / norm, 0);
    INDArray pp = Nd4j.eye(rank).castTo(p.dataType());
    Nd4j.gemm(p, p, pp, false, true, 1, -2);
    Nd4j.gemm(Nd4j.gemm(l, l, true, false), p, change, false, false, 2, 0);
    return Nd4j.gemm(pp, ln, change, false, false, 2, 1);
  }

  private void move(Step step, INDArray change) {
    double first = step.scalar(0);
    double ratio = step.learningRate() / first;
    double rate = (Double.isFinite(ratio) ? ratio : 1) / updateProjectionGap;
    INDArray d = change.reshape('c', new long[] {change.length()});
    Operands operands =
        switch (projectionOptimizer.moments) {
          case 0 -> new Operands(d, null, List.of(step.state(1)));
          case 1 -> new Operands(d, null, List.of(step.state(1), step.state(2)));
          default -> new Operands(d, null, List.of(step.state(1), step.state(2), step.state(3)));
        };
    // The projection's own counter starts with its first move, at the second step.
    double forM = rate / (1 - Math.pow(BETA1, step.t() - 1));
    double forV = 1 / Math.sqrt(1 - Math.pow(ADAM_BETA2, step.t() - 1));
    VectorExecutor.of(operands).forEach(lane -> move(lane, rate, forM, forV), operands);
  }

  private void move(Lane lane, double rate, double forM, double forV) {
    Vector d = lane.gradient();
    Vector p = lane.state(0);
    switch (projectionOptimizer) {
      case ADAMW -> {
        Vector m = lane.state(1).ema(BETA1, d);
        Vector v = lane.state(2).emaSquare(ADAM_BETA2, d);
        p.combine(1 - DECAY * rate, -forM, d.set(m).divSqrt(v, forV, EPSILON));
      }
      case LION -> {
        Vector m = lane.state(1);
        Vector c = lane.temp(0).blend(BETA1, m, 1 - BETA1, d);
        m.ema(LION_BETA2, d);
        p.addScaled(-rate, c.sign());
      }
      default -> p.addScaled(-rate, d);
    }
  }
}
