package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.EigenBasis;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * SOAP: Adam in the eigenbasis of Shampoo's preconditioner. Matrices only; convolution kernels
 * count as {@code [out, in*kH*kW]}.
 *
 * <pre>{@code
 * first gradient: L = (1-sb) g g^T ;  R = (1-sb) g^T g ;  QL, QR = their eigenvectors ;  u = 0
 * then, t = 1, 2, ...:
 * g' = QL^T g QR
 * m = beta1*m + (1-beta1)*g' ;  v = beta2*v + (1-beta2)*g'^2
 * N = QL ( m / (sqrt(v) + epsilon) ) QR^T                    (normalizeGradients: N / RMS(N))
 * u = learningRate * sqrt(1-beta2^t)/(1-beta1^t) * N         (biasCorrection; else without)
 * L = sb*L + (1-sb) g g^T ;  R = sb*R + (1-sb) g^T g
 * every preconditionFrequency steps: QL, QR <- one step of power iteration and QR; m is turned along,
 *                                    v takes only the new order of the basis vectors
 * }</pre>
 *
 * <p>The first step builds the preconditioner and moves nothing, vectors included (weight decay
 * acts in it). A zero first gradient gives the unit matrix as basis, and SOAP is Adam until the
 * next refresh. A side that is longer than {@code maxPreconditionDim} or has one entry is left as
 * it is. Vectors take Adam (the platform's form), or with {@code precondition1d} the left side.
 *
 * <p>Fields: {@code learningRate} 3e-3, at least 0; {@code beta1} and {@code beta2} 0.95, in [0,
 * 1); {@code shampooBeta} -1 (as beta2), or in [0, 1): the weight sb; {@code epsilon} 1e-8, at
 * least 0; {@code preconditionFrequency} 10 and {@code maxPreconditionDim} 10000, at least 1;
 * {@code normalizeGradients} false; {@code precondition1d} false; {@code biasCorrection} true. The
 * authors' weight decay is 0.01: use the platform's {@code WeightDecay}.
 *
 * <p>State: 2 values for each parameter and {@code 2 (rows^2 + columns^2)} for each matrix. Needs
 * {@link Optim#bind}. Averaging of states (parameter averaging over workers) leaves bases that are
 * not orthonormal any more; that is seen at the next step, and they are made orthonormal again.
 *
 * <p>N. Vyas and others: "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv 2409.11321
 * (2024). The authors' code keeps a basis for each axis of a kernel.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Soap extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double shampooBeta;
  private final double epsilon;
  private final int preconditionFrequency;
  private final int maxPreconditionDim;
  private final boolean normalizeGradients;
  private final boolean precondition1d;
  private final boolean biasCorrection;

  /** SOAP with its defaults. */
  public Soap() {
    this(null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * SOAP with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Soap(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * SOAP with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Soap(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Soap(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("shampooBeta") Double shampooBeta,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("preconditionFrequency") Integer preconditionFrequency,
      @JsonProperty("maxPreconditionDim") Integer maxPreconditionDim,
      @JsonProperty("normalizeGradients") Boolean normalizeGradients,
      @JsonProperty("precondition1d") Boolean precondition1d,
      @JsonProperty("biasCorrection") Boolean biasCorrection) {
    super(learningRate, 3e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.95);
    this.beta2 = beta("beta2", beta2, 0.95);
    double sb = shampooBeta == null ? -1 : shampooBeta;
    this.shampooBeta = check(sb == -1 || sb >= 0 && sb < 1, "shampooBeta", sb, "-1 or in [0, 1)");
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.preconditionFrequency = count("preconditionFrequency", preconditionFrequency, 10);
    this.maxPreconditionDim = count("maxPreconditionDim", maxPreconditionDim, 10000);
    this.normalizeGradients = normalizeGradients != null && normalizeGradients;
    this.precondition1d = precondition1d != null && precondition1d;
    this.biasCorrection = biasCorrection == null || biasCorrection;
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  private static final int LEFT = 2;
  private static final int RIGHT = 4;

  /** Length of a side that has a basis; 0 for one that has none. */
  private long side(VariableShape shape, int which) {
    long length =
        shape.matrix()
            ? which == LEFT ? shape.rows() : shape.columns()
            : which == LEFT && precondition1d ? shape.length() : 0;
    return length == 1 || length > maxPreconditionDim ? 0 : length;
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    long left = side(shape, LEFT);
    long right = side(shape, RIGHT);
    return new StateLayout()
        .vector("m", shape.length())
        .vector("v", shape.length())
        .vector("leftGram", left * left)
        .vector("leftBasis", left * left)
        .vector("rightGram", right * right)
        .vector("rightBasis", right * right);
  }

  private EigenBasis basis(Step step, int which) {
    long n = side(step.shape(), which);
    return n == 0
        ? null
        : new EigenBasis(step.state(which, n, n), step.state(which + 1, n, n), which == LEFT);
  }

  private record Bases(EigenBasis left, EigenBasis right) {}

  @Override
  protected void step(Step step) {
    Bases bases = step.attached(() -> new Bases(basis(step, LEFT), basis(step, RIGHT)));
    EigenBasis left = bases.left;
    EigenBasis right = bases.right;
    boolean rotated = left != null || right != null;
    INDArray g = rotated ? matrix(step, step.gradient()) : null;
    double sb = shampooBeta < 0 ? beta2 : shampooBeta;
    boolean first = step.t() == 1;
    for (EigenBasis basis : new EigenBasis[] {left, right}) {
      if (basis != null) {
        if (!first) {
          basis.restore();
        }
        basis.accumulate(g, sb);
        if (first) {
          basis.start();
        }
      }
    }
    if (first) {
      step.gradient().assign(0);
      return;
    }
    long t = step.t() - 1;
    double correction =
        biasCorrection ? Math.sqrt(1 - Math.pow(beta2, t)) / (1 - Math.pow(beta1, t)) : 1;
    double factor = step.learningRate() * correction;
    if (rotated) {
      rotate(left, right, g, true, 1);
    }
    adam(step, rotated || normalizeGradients ? 1 : factor);
    if (rotated) {
      rotate(left, right, g, false, normalizeGradients ? 1 : factor);
    }
    if (normalizeGradients) {
      double norm = Math.sqrt(step.sum(lane -> lane.gradient().squaredNorm()) / step.length());
      step.gradient().muli(factor / (1e-30 + norm));
    }
    if (rotated && t % preconditionFrequency == 0) {
      refresh(step, left, right);
    }
  }

  private void adam(Step step, double factor) {
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector m = lane.state(0).ema(beta1, g);
          Vector v = lane.state(1).emaSquare(beta2, g);
          g.set(m).divSqrt(v, 1, epsilon);
          if (factor != 1) {
            g.scale(factor);
          }
        });
  }

  private static void refresh(Step step, EigenBasis left, EigenBasis right) {
    INDArray m = matrix(step, step.state(0));
    INDArray v = matrix(step, step.state(1));
    rotate(left, right, m, false, 1);
    if (left != null) {
      left.refresh(v);
    }
    if (right != null) {
      right.refresh(v);
    }
    rotate(left, right, m, true, 1);
  }

  private static INDArray matrix(Step step, INDArray flat) {
    VariableShape shape = step.shape();
    long rows = shape.matrix() ? shape.rows() : shape.length();
    return flat.reshape('c', new long[] {rows, shape.length() / rows});
  }

  /** x = factor * QL^T x QR, or QL x QR^T on the way out; at least one side has a basis. */
  private static void rotate(
      EigenBasis left, EigenBasis right, INDArray x, boolean in, double factor) {
    if (left != null && right != null) {
      INDArray half = Nd4j.createUninitialized(x.dataType(), x.shape());
      left.turn(x, half, in, 1);
      right.turn(half, x, in, factor);
    } else {
      (left != null ? left : right).turn(x.dup(), x, in, factor);
    }
  }
}
