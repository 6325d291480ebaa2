package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.DelegatingUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Gradient accumulation: one step of another updater for k minibatches, as if they were one.
 *
 * <pre>{@code
 * calls 1 .. k-1:  sum += g ;  u = 0
 * call k:          u = delegate's update from (sum + g)/k ;  sum = 0
 * }</pre>
 *
 * <p>Between its steps the delegate is not called, so that averages and counters stay where they
 * are; a gradient of zero would move them. Its iteration counts its own steps from 0, in schedules
 * as in bias corrections. Equal to a batch of k times the size where the k batches are of one size
 * and no layer mixes the examples of a batch, as batch normalization does.
 *
 * <p>A sum that an epoch's end leaves unfinished is carried into the next one: an updater does not
 * learn of it. L1 and L2 regularization are part of the gradient and averaged with it; what runs
 * after the updater ({@code WeightDecay}, {@link ProximalWeightDecay}) runs at each of the k calls,
 * with a schedule's rate for the network's iteration. Gradient normalization and clipping work on
 * each small batch. A call with a gradient that is not finite does not count.
 *
 * <p>Fields: {@code delegate}, any updater that needs neither shapes nor values of parameters;
 * {@code k}, at least 1, without a default; 1 is the delegate itself. Learning rate and schedule
 * are the delegate's. State: one value for each parameter and the delegate's.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Accumulating extends DelegatingUpdater {

  private final int k;

  /**
   * Wraps an updater.
   *
   * @param delegate the updater
   * @param k gradients for one of its steps, at least 1
   * @throws IllegalArgumentException if it cannot be wrapped or k is out of range
   */
  @Builder
  @JsonCreator
  public Accumulating(@JsonProperty("delegate") IUpdater delegate, @JsonProperty("k") Integer k) {
    super(
        delegate,
        "that needs neither shapes nor values of parameters",
        delegate instanceof AbstractUpdater own && own.needsBinding());
    this.k = count("k", k, 0);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("sum", n).vector("delegate", getDelegate().stateSize(n));
  }

  @Override
  protected void step(Step step) {
    GradientUpdater<?> inner =
        step.attached(() -> getDelegate().instantiate(step.state(1), step.t() == 1));
    if (step.t() % k != 0) {
      step.forEach(
          lane -> {
            lane.state(0).add(lane.gradient());
            lane.gradient().fill(0);
          });
      return;
    }
    step.forEach(
        lane -> {
          lane.gradient().add(lane.state(0)).scale(1.0 / k);
          lane.state(0).fill(0);
        });
    inner.applyUpdater(step.gradient(), (int) (step.t() / k) - 1, step.epoch());
  }
}
