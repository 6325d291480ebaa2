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
 * Step sizes relative to the parameters, after the updater: {@code u <- u * max(epsilon2, RMS(p))}
 * for each variable, with {@code RMS(p) = ||p|| / sqrt(n)}. This is how Adafactor and AdaLomo scale
 * their updates.
 *
 * <p>Field: {@code epsilon2} 1e-3, at least 0, which lets variables that start at 0 move. Set it on
 * the layers, not for the whole network: the platform would apply it twice ({@link
 * Optim#bind(org.deeplearning4j.nn.conf.MultiLayerConfiguration)} removes the duplicate).
 *
 * <p>N. Shazeer, M. Stern: "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", arXiv
 * 1804.04235 (2018).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class RelativeStep extends ParameterStep {

  private final double epsilon2;

  /** The step with its default. */
  public RelativeStep() {
    this(null);
  }

  /**
   * Creates the step.
   *
   * @param epsilon2 least factor, at least 0; null for the default
   */
  @JsonCreator
  public RelativeStep(@JsonProperty("epsilon2") Double epsilon2) {
    this.epsilon2 = Require.nonNegative("epsilon2", epsilon2, 1e-3);
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    double squares = sum(gradView, param, lane -> lane.parameters().squaredNorm());
    double factor = Math.max(epsilon2, Math.sqrt(squares / param.length()));
    forEach(gradView, param, lane -> lane.gradient().scale(factor));
  }
}
