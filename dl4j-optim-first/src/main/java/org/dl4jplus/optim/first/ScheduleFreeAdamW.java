package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.between;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Schedule-Free AdamW: no decay of the rate and no horizon to choose; gradients are taken at y, and
 * an average x of the iterates is what to evaluate and save.
 *
 * <pre>{@code
 * v = beta2*v + (1-beta2)*g^2;  G = g/(sqrt(v/(1-beta2^t)) + epsilon) + weightDecay*p
 * lr_k = learningRate*min(1, (k+1)/warmupSteps);  lrMax = max(lrMax, lr_k)                 k = t-1 = 0, 1, ...
 * w = (k+1)^r * lrMax^weightLrPower;  c = w/(sum of all w)
 * u = -c*d + lr_k*(1 - b*(1-c))*G;  d = (1-c)*(d - lr_k*b*G)                               b = beta1
 * x = y - ((1-b)/b)*d
 * }</pre>
 *
 * <p><b>Evaluate x, not what the network holds while it trains</b>: attach {@link
 * ScheduleFree.Listener} or use {@link ScheduleFree}'s methods. Batch-normalization statistics
 * belong to x as well: after training run some forward passes in training mode there.
 *
 * <p>Fields: {@code learningRate} 0.0025, at least 0 (a schedule works but is pointless here);
 * {@code beta1} 0.9, in (0, 1); {@code beta2} 0.999, in [0, 1); {@code epsilon} 1e-8, at least 0;
 * {@code warmupSteps} 0, at least 0; {@code r} 0, at least 0; {@code weightLrPower} 2, at least 0;
 * {@code weightDecay} 0, at least 0, taken at y (then it reads parameter values: pass the
 * configuration through {@link Optim}{@code .bind}). State: 2 values for each parameter.
 * Elementwise.
 *
 * <p>A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: "The Road Less
 * Scheduled", arXiv 2405.15682 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class ScheduleFreeAdamW extends AbstractScheduleFree {

  private final double beta1;
  private final double beta2;
  private final double epsilon;

  /** Schedule-Free AdamW with its defaults. */
  public ScheduleFreeAdamW() {
    this(null, null, null, null, null, null, null, null, null);
  }

  /**
   * Schedule-Free AdamW with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public ScheduleFreeAdamW(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ScheduleFreeAdamW(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("warmupSteps") Integer warmupSteps,
      @JsonProperty("r") Double r,
      @JsonProperty("weightLrPower") Double weightLrPower,
      @JsonProperty("weightDecay") Double weightDecay) {
    super(learningRate, 0.0025, learningRateSchedule, warmupSteps, r, weightLrPower, weightDecay);
    this.beta1 = between("beta1", beta1, 0.9, 0, 1);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
  }

  @Override
  public boolean needsParameters() {
    return getWeightDecay() > 0;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("d", n).vector("v", n).scalars(SCALARS);
  }

  @Override
  double interpolation() {
    return beta1;
  }

  @Override
  int difference() {
    return 0;
  }

  @Override
  void direction(Lane lane, Step step) {
    Vector g = lane.gradient();
    Vector v = lane.state(1).emaSquare(beta2, g);
    g.divSqrt(v, 1 / Math.sqrt(step.correction(beta2)), epsilon);
    if (getWeightDecay() > 0) {
      g.addScaled(getWeightDecay(), lane.parameters());
    }
  }
}
