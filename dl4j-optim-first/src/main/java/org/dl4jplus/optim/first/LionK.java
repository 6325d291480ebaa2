package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.Largest;
import org.dl4jplus.optim.first.linalg.ThinSvd;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Lion with another function in the sign's place: with the platform's {@code WeightDecay(c)} each
 * keeps the parameters in another set.
 *
 * <pre>{@code
 * d = beta1*m + (1-beta1)*g ;  u = learningRate * K(d) ;  m = beta2*m + (1-beta2)*g
 * }</pre>
 *
 * <p>K is a subgradient of the convex function {@code kappa}; with decay c the pair solves {@code
 * min f(p) + kappa*(c p)/c}, where kappa* is the conjugate. See {@link Kappa} for the choices and
 * what they enforce on {@code z = c*p}. A norm of 0 gives K = 0.
 *
 * <p>Fields: {@code learningRate} 1e-4, at least 0; {@code beta1} 0.9 and {@code beta2} 0.99, in
 * [0, 1); {@code kappa} L1; {@code kappaEpsilon}, above 0, for HUBER, SOFT_L1, RELATIVISTIC and
 * TANH; {@code kappaTopK}, at least 1, for TOPK_L1; {@code kappaP}, above 1, for LP. The last three
 * have no default.
 *
 * <p>State: 1 value for each parameter. Elementwise, or over the block (all neighbouring variables
 * with equal updaters), without binding; GROUP_L2 and NUCLEAR need {@link Optim#bind}.
 *
 * <p>L. Chen, B. Liu, K. Liang, Q. Liu: "Lion Secretly Solves Constrained Optimization: As Lyapunov
 * Predicts", arXiv 2310.05898 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class LionK extends AbstractUpdater {

  /** The convex function, e = {@code kappaEpsilon}. */
  public enum Kappa {
    /** K = sign(d), Lion itself: max|z| &lt;= 1. */
    L1,
    /** K = d/||d|| over the block: ||z|| &lt;= 1. */
    L2,
    /**
     * K = sign(d) |d|^(q-1) / ||d||_q^(q-1) over the block, q = {@code kappaP}: ||z||_(q/(q-1))
     * &lt;= 1.
     */
    LP,
    /** K = clip(d, -e, e)/e: max|z| &lt;= 1 and a penalty (e/2)||z||^2. */
    HUBER,
    /**
     * K = sign(d) where |d| &gt; e, else 0: max|z| &lt;= 1 and a penalty e*||z||_1, which makes
     * sparse.
     */
    SOFT_L1,
    /**
     * K = sign(d) for the {@code kappaTopK} largest |d| of the block (among equals the first), else
     * 0: ||z||_1 &lt;= kappaTopK and max|z| &lt;= 1.
     */
    TOPK_L1,
    /** K = d/sqrt(d^2 + e^2): max|z| &lt;= 1. */
    RELATIVISTIC,
    /** K = tanh(d/e): max|z| &lt;= 1. */
    TANH,
    /**
     * K = each row of d over its norm: norms of z's rows &lt;= 1. A row is an output unit; a
     * vector's rows are its entries.
     */
    GROUP_L2,
    /**
     * K = polar factor of d, by a singular value decomposition in each step: spectral norm of z
     * &lt;= 1. Kernels count as {@code [out, in*kH*kW]}, vectors as one column.
     */
    NUCLEAR
  }

  /** Beyond this {@code x/sqrt(x^2+1)} is a sign, and the square is still a number. */
  private static final double LARGE = 1e15;

  private final double beta1;
  private final double beta2;
  private final Kappa kappa;
  private final Double kappaEpsilon;
  private final Integer kappaTopK;
  private final Double kappaP;

  /** Lion, with its defaults. */
  public LionK() {
    this(null, null, null, null, null, null, null, null);
  }

  /**
   * Lion with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public LionK(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null);
  }

  /**
   * Lion with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public LionK(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private LionK(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("kappa") Kappa kappa,
      @JsonProperty("kappaEpsilon") Double kappaEpsilon,
      @JsonProperty("kappaTopK") Integer kappaTopK,
      @JsonProperty("kappaP") Double kappaP) {
    super(learningRate, 1e-4, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.99);
    this.kappa = kappa == null ? Kappa.L1 : kappa;
    boolean epsilon =
        switch (this.kappa) {
          case HUBER, SOFT_L1, RELATIVISTIC, TANH -> true;
          default -> false;
        };
    this.kappaEpsilon = above("kappaEpsilon", kappaEpsilon, 0, epsilon);
    Double k = above("kappaTopK", whole(kappaTopK), 0, this.kappa == Kappa.TOPK_L1);
    this.kappaTopK = k == null ? null : (Integer) k.intValue();
    this.kappaP = above("kappaP", kappaP, 1, this.kappa == Kappa.LP);
  }

  private static Double whole(Integer value) {
    return value == null ? null : (Double) value.doubleValue();
  }

  private Double above(String field, Double value, double bound, boolean needed) {
    if (value == null) {
      if (needed) {
        throw new IllegalArgumentException(field + " must be set for kappa = " + kappa);
      }
      return null;
    }
    return check(
        value > bound && value < Double.POSITIVE_INFINITY,
        field,
        value,
        "finite and above " + (int) bound);
  }

  @Override
  public boolean needsShapes() {
    return kappa == Kappa.GROUP_L2 || kappa == Kappa.NUCLEAR;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n);
  }

  @Override
  protected void step(Step step) {
    double rate = step.learningRate();
    double squared =
        step.sum(
            lane -> {
              Vector g = lane.gradient();
              Vector m = lane.state(0);
              Vector d = lane.temp(0).blend(beta1, m, 1 - beta1, g);
              m.ema(beta2, g);
              return replace(g.set(d), lane, rate);
            });
    switch (kappa) {
      case L2 -> step.gradient().muli(squared == 0 ? 0 : rate / Math.sqrt(squared));
      case LP -> power(step, rate);
      case TOPK_L1 -> topK(step, rate);
      case GROUP_L2 -> rows(step, rate);
      case NUCLEAR -> polar(step, rate);
      default -> {}
    }
  }

  /**
   * {@code rate * K(d)} where K looks at single entries. The other kinds take their sum of squares,
   * which is what L2 needs, and leave d to a second pass.
   */
  private double replace(Vector d, Lane lane, double rate) {
    switch (kappa) {
      case L1 -> d.sign().scale(rate);
      case HUBER -> d.scale(1 / kappaEpsilon).clamp(-1, 1).scale(rate);
      case SOFT_L1 -> {
        Vector mask = lane.temp(0).set(d).abs().above(kappaEpsilon);
        d.sign().mul(mask).scale(rate);
      }
      case RELATIVISTIC -> {
        d.scale(1 / kappaEpsilon).clamp(-LARGE, LARGE);
        d.divSqrt(lane.temp(0).fill(1).combineSquare(1, 1, d), 1, 0).scale(rate);
      }
      case TANH -> d.scale(1 / kappaEpsilon).tanh().scale(rate);
      default -> {
        return d.squaredNorm();
      }
    }
    return 0;
  }

  private void power(Step step, double rate) {
    double most = step.gradient().amaxNumber().doubleValue();
    if (most == 0) {
      return;
    }
    // Relative to the largest entry, so that no power vanishes or overflows as a whole.
    double sum =
        step.sum(lane -> lane.temp(0).set(lane.gradient()).scale(1 / most).abs().pow(kappaP).sum());
    double factor = rate / Math.pow(sum, (kappaP - 1) / kappaP);
    step.forEach(
        lane -> {
          Vector d = lane.gradient();
          Vector size = lane.temp(0).set(d).scale(1 / most).abs().pow(kappaP - 1);
          d.sign().mul(size).scale(factor);
        });
  }

  private void topK(Step step, double rate) {
    double[] d = step.gradient().toDoubleVector();
    double[] update = new double[d.length];
    double[] sizes = Arrays.stream(d).map(Math::abs).toArray();
    for (int i : Largest.of(sizes, kappaTopK)) {
      update[i] = rate * Math.signum(d[i]);
    }
    step.gradient().assign(Nd4j.createFromArray(update));
  }

  private static void rows(Step step, double rate) {
    if (!step.shape().matrix()) {
      step.forEach(lane -> lane.gradient().sign().scale(rate));
      return;
    }
    INDArray d = step.gradientMatrix();
    double[] norms = d.norm2(1).toDoubleVector();
    double[] factors = Arrays.stream(norms).map(n -> n == 0 ? 0 : rate / n).toArray();
    d.muliColumnVector(Nd4j.createFromArray(factors).castTo(d.dataType()));
  }

  private static void polar(Step step, double rate) {
    INDArray d =
        step.shape().matrix()
            ? step.gradientMatrix()
            : step.gradient().reshape('c', new long[] {step.length(), 1});
    d.assign(new ThinSvd(d).polar().muli(rate));
  }
}
