package org.dl4jplus.optim.zeroth.estimate;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The signs of an estimate's entries.
 *
 * <p>Source: Sijia Liu, Pin-Yu Chen, Xiangyi Chen, Mingyi Hong, "signSGD via Zeroth-Order Oracle",
 * ICLR 2019.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class SignGradient extends GradientEstimator {

  private final GradientEstimator estimator;

  /**
   * Signs of another estimate.
   *
   * @param estimator the other one
   */
  @JsonCreator
  public SignGradient(@JsonProperty("estimator") GradientEstimator estimator) {
    if (estimator == null) {
      throw new IllegalArgumentException("estimator must be given");
    }
    this.estimator = estimator;
  }

  @Override
  public Distribution distribution() {
    return estimator.distribution();
  }

  @Override
  public Difference steps() {
    return estimator.steps();
  }

  @Override
  public int memory() {
    return estimator.memory();
  }

  @Override
  protected double[] gradient(Probe probe) {
    double[] gradient = estimator.gradient(probe);
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] = Math.signum(gradient[i]);
    }
    return gradient;
  }
}
