package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.between;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * AdaBound and AMSBound: starts as Adam and ends as momentum SGD, by bounds on each parameter's
 * rate that close in on one value.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*g^2
 * den = sqrt(v) + epsilon                        (amsBound: of the largest v so far)
 * a = learningRate * sqrt(1-beta2^t)/(1-beta1^t)
 * f = finalLearningRate * learningRate/learningRate(first step)
 * u = clip( a/den, f*(1 - 1/(gamma*t + 1)), f*(1 + 1/(gamma*t)) ) * m
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, the
 * weights that are kept, in [0, 1); {@code finalLearningRate} 0.1, the SGD rate at the end, above
 * 0; {@code gamma} 1e-3, speed of the bounds, in (0, 1); {@code epsilon} 1e-8, at least 0; {@code
 * amsBound} false. State: 2 values for each parameter, 3 with amsBound. Elementwise, needs no
 * binding. A schedule scales the final rate with it; if it starts at 0, the final rate is not
 * scaled. A step whose rate is 0 moves no parameter. The paper's text divides the rate by sqrt(t)
 * as well; its code does not, and neither does this.
 *
 * <p>L. Luo, Y. Xiong, Y. Liu, X. Sun: "Adaptive Gradient Methods with Dynamic Bound of Learning
 * Rate", arXiv 1902.09843 (2019).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class AdaBound extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double finalLearningRate;
  private final double gamma;
  private final double epsilon;
  private final boolean amsBound;

  /** AdaBound with its defaults. */
  public AdaBound() {
    this(null, null, null, null, null, null, null, null);
  }

  /**
   * AdaBound with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public AdaBound(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null);
  }

  /**
   * AdaBound with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public AdaBound(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private AdaBound(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("finalLearningRate") Double finalLearningRate,
      @JsonProperty("gamma") Double gamma,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("amsBound") Boolean amsBound) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.finalLearningRate = positive("finalLearningRate", finalLearningRate, 0.1);
    this.gamma = between("gamma", gamma, 1e-3, 0, 1);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.amsBound = amsBound != null && amsBound;
  }

  @Override
  protected StateLayout layout(long n) {
    StateLayout layout = new StateLayout().vector("m", n).vector("v", n).scalars(1);
    return amsBound ? layout.vector("vMax", n) : layout;
  }

  @Override
  protected void step(Step step) {
    double rate = step.learningRate();
    if (step.t() == 1) {
      step.scalar(0, rate);
    }
    double first = step.scalar(0);
    double end = first == 0 ? finalLearningRate : finalLearningRate * rate / first;
    double low = end * (1 - 1 / (gamma * step.t() + 1));
    double high = end * (1 + 1 / (gamma * step.t()));
    // Beside a root of 0 the quotient is large and the upper bound acts.
    double summand = Math.max(epsilon, Float.MIN_NORMAL);
    double start = rate * Math.sqrt(step.correction(beta2)) / step.correction(beta1);
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector m = lane.state(0).ema(beta1, g);
          Vector v = lane.state(1).emaSquare(beta2, g);
          if (amsBound) {
            v = lane.state(2).max(v);
          }
          if (rate == 0) {
            g.fill(0);
          } else {
            g.fill(start).divSqrt(v, 1, summand).clamp(low, high).mul(m);
          }
        });
  }
}
