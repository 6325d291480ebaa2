package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.AdamRule;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * LAMB: Adam whose rate follows the norm of each weight.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*g^2
 * r = m/(1-beta1^t) / ( sqrt(v/(1-beta2^t)) + epsilon )
 * h = r + weightDecay*p
 * u = learningRate * min(||p||/||h||, maxTrustRatio) * h               (ratio 1 where a norm is 0)
 * }</pre>
 *
 * <p>It is Adam, with epsilon beside the corrected root, before {@link LambTrustRatio}. Norms are
 * those of one weight; biases and the gains of normalization layers have ratio 1 and no decay.
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, in
 * [0, 1); {@code epsilon} 1e-6 and {@code weightDecay} 0, at least 0; {@code maxTrustRatio} 0, at
 * least 0, where 0 means no bound. State: 2 values for each parameter. Needs {@link Optim}'s {@code
 * bind}.
 *
 * <p>Published variants leave out the correction of v, bound ||p|| or take the norm without decay;
 * this one does not. Y. You and others: "Large Batch Optimization for Deep Learning: Training BERT
 * in 76 minutes", arXiv 1904.00962 (2019). Whether it is needed: see {@link Lars}.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Lamb extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;
  private final double maxTrustRatio;

  /** LAMB with its defaults. */
  public Lamb() {
    this(null, null, null, null, null, null, null);
  }

  /**
   * LAMB with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Lamb(double learningRate) {
    this(learningRate, null, null, null, null, null, null);
  }

  /**
   * LAMB with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Lamb(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Lamb(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("maxTrustRatio") Double maxTrustRatio) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-6);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
    this.maxTrustRatio = nonNegative("maxTrustRatio", maxTrustRatio, 0);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n).vector("v", n);
  }

  @Override
  protected void step(Step step) {
    AdamRule.adamHat(step, step.learningRate(), beta1, beta2, epsilon, 0, 1);
  }

  @Override
  public List<Regularization> steps(Kind kind) {
    return kind == Kind.VECTOR
        ? List.of()
        : List.of(
            LambTrustRatio.builder()
                .weightDecay(weightDecay)
                .maxTrustRatio(maxTrustRatio)
                .skipVectors(kind == Kind.ANY)
                .build());
  }
}
