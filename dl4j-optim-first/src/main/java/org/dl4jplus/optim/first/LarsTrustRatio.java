package org.dl4jplus.optim.first;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The layer-wise rate of {@link Lars}, before any updater; one variable at a time:
 *
 * <pre>{@code
 * h = g + weightDecay*p
 * g = h * trustCoefficient*||p|| / (||h|| + epsilon)       (g = h where a norm is 0)
 * }</pre>
 *
 * <p>Fields: {@code weightDecay} 0, {@code trustCoefficient} 1e-3, {@code epsilon} 0, all at least
 * 0; {@code skipVectors} false, whether to leave arrays with at most one dimension above 1 as they
 * are. Networks show a step every variable as a vector: there, set the step on weights only. It is
 * for SameDiff, where one list of steps serves all variables in their own shapes. {@code Lars} and
 * {@link Optim} see to both. For the paper see {@link Lars}.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class LarsTrustRatio extends TrustRatio {

  private final double trustCoefficient;
  private final double epsilon;

  /**
   * Creates the step.
   *
   * @param weightDecay decay that enters the norm, at least 0
   * @param trustCoefficient part of the parameters' norm that a step takes at rate 1, at least 0
   * @param epsilon summand of the gradient's norm, at least 0
   */
  public LarsTrustRatio(double weightDecay, double trustCoefficient, double epsilon) {
    this(weightDecay, trustCoefficient, epsilon, false);
  }

  @Builder
  @JsonCreator
  private LarsTrustRatio(
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("trustCoefficient") Double trustCoefficient,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("skipVectors") Boolean skipVectors) {
    super(weightDecay, skipVectors);
    this.trustCoefficient = Require.nonNegative("trustCoefficient", trustCoefficient, 1e-3);
    this.epsilon = Require.nonNegative("epsilon", epsilon, 0);
  }

  @Override
  public ApplyStep applyStep() {
    return ApplyStep.BEFORE_UPDATER;
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    rescale(param, gradView, getWeightDecay(), (p, h) -> trustCoefficient * p / (h + epsilon));
  }
}
