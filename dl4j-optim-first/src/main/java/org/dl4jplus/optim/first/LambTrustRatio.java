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
 * The layer-wise rate of {@link Lamb}, after any updater; one variable at a time, with {@code r =
 * u/lr}:
 *
 * <pre>{@code
 * h = r + weightDecay*p
 * u = lr * h * min(||p||/||h||, maxTrustRatio)             (u = lr*h where a norm is 0)
 * }</pre>
 *
 * <p>Fields: {@code weightDecay} 0, at least 0; {@code maxTrustRatio} 0, at least 0, where 0 means
 * no bound; {@code skipVectors} false, as in {@link LarsTrustRatio}. With an updater without a
 * learning rate, lr is 1. For the paper see {@link Lamb}.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class LambTrustRatio extends TrustRatio {

  private final double maxTrustRatio;

  /**
   * Creates the step.
   *
   * @param weightDecay decay that enters the norm, at least 0
   * @param maxTrustRatio bound of the ratio, at least 0; 0 for none
   */
  public LambTrustRatio(double weightDecay, double maxTrustRatio) {
    this(weightDecay, maxTrustRatio, false);
  }

  @Builder
  @JsonCreator
  private LambTrustRatio(
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("maxTrustRatio") Double maxTrustRatio,
      @JsonProperty("skipVectors") Boolean skipVectors) {
    super(weightDecay, skipVectors);
    this.maxTrustRatio = Require.nonNegative("maxTrustRatio", maxTrustRatio, 0);
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    double bound = maxTrustRatio > 0 ? maxTrustRatio : Double.POSITIVE_INFINITY;
    // The update holds lr*r: what is added and compared is lr*h, and nothing is divided by lr.
    rescale(param, gradView, lr * getWeightDecay(), (p, h) -> Math.min(lr * p / h, bound));
  }
}
