package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * EXAdam: Adam with cross-wise corrections of its two moments and the gradient itself in the step.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*g^2
 * d1 = 1 + v/(v+epsilon) * beta2^t
 * d2 = 1 + m^2/(m^2+epsilon) * beta1^t           (0/0 counts as 0)
 * u = learningRate * (m+g)/(1-beta1^t) * d1 / ( sqrt( v/(1-beta2^t) * d2 ) + epsilon )
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, the
 * weights that are kept, in [0, 1); {@code epsilon} 1e-8, at least 0. State: 2 values for each
 * parameter. Elementwise, needs no binding. Weight decay is the platform's {@code WeightDecay}. At
 * an equal rate the step is about twice Adam's, because the gradient is added with full weight:
 * halve the rate when comparing. The growing step size of the paper's abstract is not in the
 * authors' code and not here; a growing {@code ISchedule} can play its part.
 *
 * <p>"EXAdam: The Power of Adaptive Cross-Moments", arXiv 2412.20302 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class EXAdam extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double epsilon;

  /** EXAdam with its defaults. */
  public EXAdam() {
    this(null, null, null, null, null);
  }

  /**
   * EXAdam with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public EXAdam(double learningRate) {
    this(learningRate, null, null, null, null);
  }

  /**
   * EXAdam with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public EXAdam(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null);
  }

  @Builder
  @JsonCreator
  private EXAdam(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n).vector("v", n);
  }

  @Override
  protected void step(Step step) {
    double rate = step.learningRate() / step.correction(beta1);
    double root = 1 / Math.sqrt(step.correction(beta2));
    double forD1 = Math.pow(beta2, step.t());
    double forD2 = Math.pow(beta1, step.t());
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector m = lane.state(0);
          Vector v = lane.state(1);
          m.ema(beta1, g);
          v.emaSquare(beta2, g);
          g.blend(rate, m, rate, g);
          // Once the power is below half a bit the correction is exactly 1.
          if (1 + forD1 > 1) {
            g.mul(correction(lane.temp(0).set(v), forD1, lane));
          }
          Vector scale = lane.temp(0).set(v);
          if (1 + forD2 > 1) {
            scale = correction(lane.temp(0).set(m).mul(m), forD2, lane).mul(v);
          }
          g.divSqrt(scale, root, epsilon);
        });
  }

  /** x = 1 + weight * x / (x + epsilon). */
  private Vector correction(Vector x, double weight, Lane lane) {
    Vector divisor = lane.temp(1).set(x).shift(epsilon);
    return (epsilon > 0 ? x.div(divisor) : x.divOrZero(divisor)).scale(weight).shift(1);
  }
}
