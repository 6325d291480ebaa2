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
 * Weight decay in proportion to the size of each weight's step, after the updater: {@code u <- u +
 * coeff*|u|*p}. This is {@link CoRe}'s decay; the learning rate plays no part.
 *
 * <p>Field: {@code coeff}, at least 0. Set it on the layers, not for the whole network: the
 * platform would apply it twice ({@link
 * Optim#bind(org.deeplearning4j.nn.conf.MultiLayerConfiguration)} removes the duplicate).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class AbsUpdateWeightDecay extends ParameterStep {

  private final double coeff;

  /**
   * Creates the step.
   *
   * @param coeff decay, at least 0
   */
  @JsonCreator
  public AbsUpdateWeightDecay(@JsonProperty("coeff") double coeff) {
    this.coeff = Require.nonNegative("coeff", coeff, 0);
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    forEach(
        gradView,
        param,
        lane -> {
          Vector u = lane.gradient();
          Vector size = lane.temp(0).set(u).abs();
          u.addScaled(coeff, size.mul(lane.parameters()));
        });
  }
}
