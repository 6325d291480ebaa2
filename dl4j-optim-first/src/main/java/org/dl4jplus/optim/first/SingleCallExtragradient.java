package org.dl4jplus.optim.first;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Extragradient with one gradient a step, for saddle points and games.
 *
 * <pre>{@code
 * PAST, OPTIMISTIC:  u = (lr(t) + lr(t+1))*g(t) - lr(t)*g(t-1)
 * REFLECTED:         u = 2*lr(t)*g(t) - lr(t-1)*g(t-1)               with g(0) = 0
 * }</pre>
 *
 * <p>The network holds the leading point X(t+1/2), where the gradients are taken. The base point is
 * {@code X(t+1) = p_new + lr(t+1)*g(t)} for PAST and OPTIMISTIC, and {@code X(t+1) = X(t) -
 * lr(t)*g(t)} for REFLECTED; {@link AveragedParameters} gives it. {@code lr(t+1)} is the schedule's
 * value at the next iteration of the same epoch; should the rate turn out otherwise there, the step
 * takes back what was taken ahead and leaves no remainder.
 *
 * <p>Fields: {@code variant} PAST; {@code learningRate} 0.1, at least 0; the theory's falling rates
 * are gamma/(t+b). State: 1 value for each parameter and 1 number. Elementwise, needs no binding.
 * For two players, one network holds the parameters of both, and the loss of the one who maximises
 * is turned round (by a layer that reverses gradients, or a negative weight).
 *
 * <p>Y.-G. Hsieh, F. Iutzeler, J. Malick, P. Mertikopoulos: "On the convergence of single-call
 * stochastic extra-gradient methods", arXiv 1908.08465 (2019).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class SingleCallExtragradient extends AbstractUpdater {

  /** The paper's schemes. Without constraints and at a constant rate all are the same. */
  public enum Variant {
    /** Past extragradient: the last gradient stands for the one at the base point. */
    PAST,
    /** Reflected gradient: the leading point is the base point moved on by its last step. */
    REFLECTED,
    /** Optimistic gradient; without constraints the same as PAST. */
    OPTIMISTIC
  }

  private final Variant variant;

  /** The method with its defaults. */
  public SingleCallExtragradient() {
    this(null, null, null);
  }

  /**
   * The method with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public SingleCallExtragradient(double learningRate) {
    this(learningRate, null, null);
  }

  /**
   * The method with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public SingleCallExtragradient(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null);
  }

  @Builder
  @JsonCreator
  private SingleCallExtragradient(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("variant") Variant variant) {
    super(learningRate, 0.1, learningRateSchedule);
    this.variant = variant == null ? Variant.PAST : variant;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("previousGradient", n).scalars(1);
  }

  @Override
  protected void step(Step step) {
    double current = step.learningRate();
    double ahead =
        variant == Variant.REFLECTED
            ? current
            : Require.rate(
                "learningRateSchedule's next value",
                getLearningRate(step.iteration() + 1, step.epoch()),
                current);
    // The rate of the part that the last step took ahead, and that this one takes back.
    double behind = step.scalar(0);
    step.forEach(lane -> OptimisticCombine.apply(lane, current + ahead, behind, 0, false));
    step.scalar(0, ahead);
  }

  /** The base point: the leading point is the last gradient ahead of it. */
  @Override
  protected void toAveraged(Step step) {
    double ahead = step.scalar(0);
    step.forEach(lane -> lane.gradient().addScaled(ahead, lane.state(0)));
  }
}
