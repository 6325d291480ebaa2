package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * LARS: momentum whose rate follows the norm of each weight.
 *
 * <pre>{@code
 * h = g + weightDecay*p
 * s = learningRate * trustCoefficient*||p||/(||h|| + epsilon) * h       (ratio 1 where a norm is 0)
 * v = momentum*v + s
 * u = v                                                   (nesterov: momentum*v + s)
 * }</pre>
 *
 * <p>It is {@link LarsTrustRatio} before {@link HeavyBall}. Norms are those of one weight; biases
 * and the gains of normalization layers have ratio 1 and no decay.
 *
 * <p>Fields: {@code learningRate}, at least 0, without a default; {@code momentum} 0.9, in [0, 1);
 * {@code trustCoefficient} 1e-3, {@code epsilon} 0 and {@code weightDecay} 0, all at least 0;
 * {@code nesterov} false. State: 1 value for each parameter. Needs {@link Optim}'s {@code bind}.
 *
 * <p>Published variants differ in what they add to the norms; this one has the plain norms. Y. You,
 * I. Gitman, B. Ginsburg: "Large Batch Training of Convolutional Networks", arXiv 1708.03888
 * (2017). Whether it is needed: Z. Nado, J. M. Gilmer, C. J. Shallue, R. Anil, G. E. Dahl: "A Large
 * Batch Optimizer Reality Check: Traditional, Generic Optimizers Suffice Across Batch Sizes", arXiv
 * 2102.06356 (2021).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Lars extends AbstractUpdater {

  private final double momentum;
  private final double trustCoefficient;
  private final double epsilon;
  private final double weightDecay;
  private final boolean nesterov;

  /**
   * LARS with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Lars(double learningRate) {
    this(learningRate, null, null, null, null, null, null);
  }

  /**
   * LARS with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Lars(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Lars(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("trustCoefficient") Double trustCoefficient,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("nesterov") Boolean nesterov) {
    // No rate suits all networks: without one (or a schedule) the check fails.
    super(
        learningRateSchedule == null
            ? Double.valueOf(Require.rate("learningRate", learningRate, Double.NaN))
            : learningRate,
        Double.NaN,
        learningRateSchedule);
    this.momentum = beta("momentum", momentum, 0.9);
    this.trustCoefficient = nonNegative("trustCoefficient", trustCoefficient, 1e-3);
    this.epsilon = nonNegative("epsilon", epsilon, 0);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
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

  @Override
  public List<Regularization> steps(Kind kind) {
    return kind == Kind.VECTOR
        ? List.of()
        : List.of(
            LarsTrustRatio.builder()
                .weightDecay(weightDecay)
                .trustCoefficient(trustCoefficient)
                .epsilon(epsilon)
                .skipVectors(kind == Kind.ANY)
                .build());
  }
}
