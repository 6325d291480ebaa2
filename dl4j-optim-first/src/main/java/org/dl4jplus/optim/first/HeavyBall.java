package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Gradient descent with heavy-ball momentum, which the platform lacks: its {@code Nesterovs} always
 * looks ahead.
 *
 * <pre>{@code
 * v = momentum*v + learningRate*g
 * u = v                                 (nesterov: momentum*v + learningRate*g)
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 0.1, at least 0; {@code momentum} 0.9, in [0, 1); {@code
 * nesterov} false. State: 1 value for each parameter. Elementwise, needs no binding. With {@code
 * nesterov} and a constant rate it is the platform's {@code Nesterovs}. The rate acts when a
 * gradient enters the velocity, so after a schedule has fallen to 0 the parameters still coast.
 *
 * <p>B. T. Polyak: "Some methods of speeding up the convergence of iteration methods", USSR
 * Computational Mathematics and Mathematical Physics 4(5) (1964).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class HeavyBall extends AbstractUpdater {

  private final double momentum;
  private final boolean nesterov;

  /** Heavy ball with its defaults. */
  public HeavyBall() {
    this(null, null, null, null);
  }

  /**
   * Heavy ball with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public HeavyBall(double learningRate) {
    this(learningRate, null, null, null);
  }

  /**
   * Heavy ball with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public HeavyBall(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null);
  }

  @Builder
  @JsonCreator
  private HeavyBall(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("nesterov") Boolean nesterov) {
    super(learningRate, 0.1, learningRateSchedule);
    this.momentum = beta("momentum", momentum, 0.9);
    this.nesterov = nesterov != null && nesterov;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("velocity", n);
  }

  @Override
  protected void step(Step step) {
    HeavyBallRule.apply(step, momentum, nesterov);
  }
}
