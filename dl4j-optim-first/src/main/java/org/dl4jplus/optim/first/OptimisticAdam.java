package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.function.Consumer;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.AdamRule;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Optimistic Adam: {@link OptimisticSgd} on Adam's direction in place of the gradient.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*g^2
 * r = m/(1-beta1^t) / ( sqrt(v/(1-beta2^t)) + epsilon )
 * u = learningRate * ( (alpha+beta)*r - beta*rPrevious )     (rPrevious = r at the first step)
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, in
 * [0, 1), better 0.5 and 0.9 for games; {@code epsilon} 1e-8, at least 0; {@code alpha} 1 and
 * {@code beta} 1, at least 0. State: 3 values for each parameter. Elementwise, needs no binding.
 * Other implementations have Nesterov momentum inside; here it is plain. With {@code beta} 0 it is
 * Adam.
 *
 * <p>C. Daskalakis, A. Ilyas, V. Syrgkanis, H. Zeng: "Training GANs with Optimism", arXiv
 * 1711.00141 (2017).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OptimisticAdam extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double alpha;
  private final double beta;

  /** Optimistic Adam with its defaults. */
  public OptimisticAdam() {
    this(null, null, null, null, null, null, null);
  }

  /**
   * Optimistic Adam with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public OptimisticAdam(double learningRate) {
    this(learningRate, null, null, null, null, null, null);
  }

  /**
   * Optimistic Adam with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public OptimisticAdam(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private OptimisticAdam(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("beta") Double beta) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = Require.beta("beta1", beta1, 0.9);
    this.beta2 = Require.beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.alpha = nonNegative("alpha", alpha, 1);
    this.beta = nonNegative("beta", beta, 1);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n).vector("v", n).vector("previousDirection", n);
  }

  @Override
  protected void step(Step step) {
    double lr = step.learningRate();
    boolean first = step.t() == 1;
    Consumer<Lane> adam = AdamRule.rule(step, 1, beta1, beta2, epsilon, 0, 1);
    step.forEach(
        lane -> {
          adam.accept(lane);
          OptimisticCombine.apply(lane, lr * (alpha + beta), lr * beta, 2, first);
        });
  }
}
