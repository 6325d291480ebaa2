package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.StateUpdater;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Scalars;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * AdaGrad-Norm: SGD whose rate falls with the accumulated squared gradient norms, by one number for
 * the whole block.
 *
 * <pre>{@code
 * acc = acc + ||g||^2                            (acc starts at initialAccumulator)
 * u = learningRate / (sqrt(acc) + epsilon) * g   (0 if acc is 0)
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 0.1, at least 0; {@code b0} 0.1, at least 0 (a choice of this
 * class: the literature names no default); {@code initialAccumulator}, at least 0, null: {@code
 * b0^2}, and in place of it where both are given; {@code epsilon}, at least 0, 1e-10 where {@code
 * initialAccumulator} is given (AdAdaGrad's form), else 0. State: a few numbers, whatever the
 * number of parameters. The norm is taken over the block: all neighbouring variables with equal
 * updaters. Needs no binding. {@link #getAccumulator} gives acc of a running updater.
 *
 * <p>Used in "AdAdaGrad: Adaptive Batch Size Schemes for Adaptive Gradient Methods", arXiv
 * 2402.11215 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class AdaGradNorm extends AbstractUpdater {

  private final double b0;
  private final Double initialAccumulator;
  private final double epsilon;

  /** AdaGradNorm with its defaults. */
  public AdaGradNorm() {
    this(null, null, null, null, null);
  }

  /**
   * AdaGradNorm with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public AdaGradNorm(double learningRate) {
    this(learningRate, null, null, null, null);
  }

  /**
   * AdaGradNorm with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public AdaGradNorm(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null);
  }

  @Builder
  @JsonCreator
  private AdaGradNorm(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("b0") Double b0,
      @JsonProperty("initialAccumulator") Double initialAccumulator,
      @JsonProperty("epsilon") Double epsilon) {
    super(learningRate, 0.1, learningRateSchedule);
    this.b0 = nonNegative("b0", b0, 0.1);
    this.initialAccumulator =
        initialAccumulator == null
            ? null
            : nonNegative("initialAccumulator", initialAccumulator, 0);
    this.epsilon = nonNegative("epsilon", epsilon, initialAccumulator == null ? 0 : 1e-10);
  }

  /**
   * The accumulator of a running updater. A network's are its {@code
   * getUpdater().getUpdaterBlocks()}, each with a {@code getGradientUpdater()}.
   *
   * @param running an AdaGradNorm as it runs on a block
   * @return its first value plus the squared gradient norms so far
   * @throws IllegalArgumentException if the updater is no AdaGradNorm
   */
  public static double getAccumulator(GradientUpdater<?> running) {
    if (!(running.getConfig() instanceof AdaGradNorm config)
        || !(running instanceof StateUpdater updater)) {
      throw new IllegalArgumentException(
          "running must be an AdaGradNorm, got " + running.getConfig());
    }
    INDArray state = updater.getState().get(StateUpdater.STATE);
    // The state is scalars alone: the step counter, then the sum.
    return config.accumulator(new Scalars(state).get(1));
  }

  private double accumulator(double sum) {
    return (initialAccumulator == null ? b0 * b0 : initialAccumulator) + sum;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().scalars(1);
  }

  @Override
  protected void step(Step step) {
    double sum = step.scalar(0) + step.sum(lane -> lane.gradient().squaredNorm());
    step.scalar(0, sum);
    double acc = accumulator(sum);
    double factor = acc == 0 ? 0 : step.learningRate() / (Math.sqrt(acc) + epsilon);
    step.forEach(lane -> lane.gradient().scale(factor));
  }
}
