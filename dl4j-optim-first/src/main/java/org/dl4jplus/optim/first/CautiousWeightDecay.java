package org.dl4jplus.optim.first;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.ParameterStep;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Decoupled weight decay that never works against the updater, after it: {@code u <- u +
 * lr*coeff*p} where {@code u*p >= 0}. With an updater without a learning rate, lr is 1.
 *
 * <p>Field: {@code coeff}, at least 0. Set it on the layers, not for the whole network: the
 * platform would apply it twice ({@link
 * Optim#bind(org.deeplearning4j.nn.conf.MultiLayerConfiguration)} removes the duplicate).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class CautiousWeightDecay extends ParameterStep {

  private final double coeff;

  /**
   * Creates the step.
   *
   * @param coeff decay, at least 0
   */
  @JsonCreator
  public CautiousWeightDecay(@JsonProperty("coeff") double coeff) {
    this.coeff = Require.nonNegative("coeff", coeff, 0);
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    forEach(
        gradView,
        param,
        lane -> {
          Vector u = lane.gradient();
          // The sign first: the product of two small numbers might vanish.
          Vector agrees = lane.temp(0).set(u).sign().mul(lane.parameters()).bySign(0, 1, 1);
          u.addScaled(lr * coeff, agrees.mul(lane.parameters()));
        });
  }
}
