package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;

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
 * Lion: sign momentum with half of Adam's state.
 *
 * <pre>{@code
 * c = beta1*m + (1-beta1)*g
 * m = beta2*m + (1-beta2)*g
 * u = learningRate * sign(c)                     (sign(0) = 0)
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-4, at least 0; {@code beta1} 0.9 and {@code beta2} 0.99, the
 * weights that are kept, in [0, 1). State: 1 value for each parameter. Elementwise, needs no
 * binding. Decoupled weight decay is the platform's {@code WeightDecay(coeff)} on the layers; with
 * it every weight ends up in {@code |p| <= 1/coeff}. Compared with AdamW use a rate 3 to 10 times
 * smaller and a decay as much larger.
 *
 * <p>X. Chen, C. Liang and others: "Symbolic Discovery of Optimization Algorithms", arXiv
 * 2302.06675 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Lion extends AbstractUpdater {

  private final double beta1;
  private final double beta2;

  /** Lion with its defaults. */
  public Lion() {
    this(null, null, null, null);
  }

  /**
   * Lion with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Lion(double learningRate) {
    this(learningRate, null, null, null);
  }

  /**
   * Lion with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Lion(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null);
  }

  @Builder
  @JsonCreator
  private Lion(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2) {
    super(learningRate, 1e-4, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.99);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n);
  }

  @Override
  protected void step(Step step) {
    double rate = step.learningRate();
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector m = lane.state(0);
          Vector c = lane.temp(0).blend(beta1, m, 1 - beta1, g);
          m.ema(beta2, g);
          g.set(c).sign().scale(rate);
        });
  }
}
