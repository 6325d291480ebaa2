package org.dl4jplus.optim.first;

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
 * Optimistic gradient descent for games: two steps along the gradient and one back along the last
 * one. With a constant rate and a linear field its points are the base points of past extragradient
 * ({@link Extragradient}).
 *
 * <pre>{@code
 * u = learningRate * ( 2*g - gPrevious )            at the first step: learningRate*g
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 0.1, at least 0. State: 1 value for each parameter. Elementwise,
 * needs no binding. The same rule as {@link OptimisticSgd} with its defaults; {@link
 * SingleCallExtragradient} differs in its first step, which is {@code 2*learningRate*g}.
 *
 * <p>Y.-G. Hsieh, F. Iutzeler, J. Malick, P. Mertikopoulos: "On the convergence of single-call
 * stochastic extra-gradient methods", arXiv 1908.08465 (2019).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OptimisticGradient extends AbstractUpdater {

  /** Optimistic gradient descent with its defaults. */
  public OptimisticGradient() {
    this(null, null);
  }

  /**
   * Optimistic gradient descent with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public OptimisticGradient(double learningRate) {
    this(learningRate, null);
  }

  /**
   * Optimistic gradient descent with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public OptimisticGradient(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule);
  }

  @Builder
  @JsonCreator
  private OptimisticGradient(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule) {
    super(learningRate, 0.1, learningRateSchedule);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("previousGradient", n);
  }

  @Override
  protected void step(Step step) {
    double lr = step.learningRate();
    boolean first = step.t() == 1;
    step.forEach(lane -> OptimisticCombine.apply(lane, 2 * lr, lr, 0, first));
  }
}
