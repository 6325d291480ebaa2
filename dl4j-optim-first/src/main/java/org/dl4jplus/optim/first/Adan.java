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
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Adan: an Adam-like updater with Nesterov look-ahead from gradient differences.
 *
 * <pre>{@code
 * d = g - gPrev                                  (0 at the first step)
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*d
 * s = beta3*s + (1-beta3)*(g + beta2*d)^2
 * u = learningRate * ( m/(1-beta1^t) + beta2*v/(1-beta2^t) ) / ( sqrt(s/(1-beta3^t)) + epsilon )
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.98, {@code beta2} 0.92 and
 * {@code beta3} 0.99, the weights that are kept, in [0, 1) (the paper writes 1 - beta); {@code
 * epsilon} 1e-8, at least 0. State: 4 values for each parameter. Elementwise, needs no binding. The
 * paper's weight decay is {@link ProximalWeightDecay}; its variant without the proximal form is the
 * platform's {@code WeightDecay}. Its clipping of the gradient is the platform's gradient
 * normalization.
 *
 * <p>X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan: "Adan: Adaptive Nesterov Momentum Algorithm for Faster
 * Optimizing Deep Models", arXiv 2208.06677 (2022).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Adan extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double beta3;
  private final double epsilon;

  /** Adan with its defaults. */
  public Adan() {
    this(null, null, null, null, null, null);
  }

  /**
   * Adan with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Adan(double learningRate) {
    this(learningRate, null, null, null, null, null);
  }

  /**
   * Adan with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Adan(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Adan(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("beta3") Double beta3,
      @JsonProperty("epsilon") Double epsilon) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.98);
    this.beta2 = beta("beta2", beta2, 0.92);
    this.beta3 = beta("beta3", beta3, 0.99);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout()
        .vector("m", n)
        .vector("v", n)
        .vector("s", n)
        .vector("previousGradient", n);
  }

  @Override
  protected void step(Step step) {
    double forM = step.learningRate() / step.correction(beta1);
    double forV = step.learningRate() * beta2 / step.correction(beta2);
    double forS = 1 / Math.sqrt(step.correction(beta3));
    boolean first = step.t() == 1;
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector m = lane.state(0);
          Vector v = lane.state(1);
          Vector s = lane.state(2);
          Vector previous = lane.state(3);
          if (first) {
            previous.set(g);
          }
          Vector d = lane.temp(0).blend(1, g, -1, previous);
          m.ema(beta1, g);
          v.ema(beta2, d);
          s.emaSquare(beta3, d.combine(beta2, 1, g));
          previous.set(g);
          g.blend(forM, m, forV, v).divSqrt(s, forS, epsilon);
        });
  }
}
