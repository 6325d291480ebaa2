package org.dl4jplus.optim.first;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.ParameterStep;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Weight decay in proximal form, after the updater: {@code u <- (u + lr*coeff*p) / (1 + lr*coeff)},
 * which makes the new parameter {@code (p - u) / (1 + lr*coeff)}. With an updater without a
 * learning rate, lr is 1. This is Adan's decay.
 *
 * <p>Field: {@code coeff}, at least 0. Set it on the layers, not for the whole network: the
 * platform would apply it twice ({@link
 * Optim#bind(org.deeplearning4j.nn.conf.MultiLayerConfiguration)} removes the duplicate).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class ProximalWeightDecay extends ParameterStep {

  private final double coeff;

  /**
   * Creates the step.
   *
   * @param coeff decay, at least 0
   */
  @JsonCreator
  public ProximalWeightDecay(@JsonProperty("coeff") double coeff) {
    this.coeff = Require.nonNegative("coeff", coeff, 0);
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    double c = lr * coeff;
    forEach(
        gradView,
        param,
        lane -> lane.gradient().combine(1 / (1 + c), c / (1 + c), lane.parameters()));
  }
}
