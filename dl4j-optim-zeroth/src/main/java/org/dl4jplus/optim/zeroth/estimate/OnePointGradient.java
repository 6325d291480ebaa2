package org.dl4jplus.optim.zeroth.estimate;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * One value a step:
 *
 * <pre>{@code
 * f(x + mu z) z / mu                                              plain, of large variance
 * (f(x_t + mu z_t) - f(x_{t-1} + mu z_{t-1})) z_t / mu            residual
 * }</pre>
 *
 * The first residual step records and answers zeros. A value that is not finite is not recorded.
 *
 * <ul>
 *   <li>residual: default true
 * </ul>
 *
 * <p>Source: Yan Zhang, Yi Zhou, Kaiyi Ji, Michael M. Zavlanos, "A New One-Point Residual-Feedback
 * Oracle for Black-Box Learning and Control", arXiv 2006.10820, 2020.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class OnePointGradient extends GradientEstimator {

  private final boolean residual;

  @Builder
  @JsonCreator
  private OnePointGradient(@JsonProperty("residual") Boolean residual) {
    this.residual = residual == null || residual;
  }

  @Override
  public int memory() {
    return residual ? 1 : 0;
  }

  @Override
  protected double[] gradient(Probe probe) {
    double[] z = probe.direction(0);
    double value = probe.at(z, probe.mu());
    double scale = value / probe.mu();
    if (residual) {
      // Whether there is a value, and the value.
      INDArray last = probe.memory().vector(0, () -> Nd4j.zeros(DataType.DOUBLE, 2));
      scale = last.getDouble(0) == 0 ? 0 : (value - last.getDouble(1)) / probe.mu();
      if (Double.isFinite(value)) {
        last.putScalar(0, 1);
        last.putScalar(1, value);
      }
    }
    double[] gradient = new double[z.length];
    add(gradient, scale, z);
    return gradient;
  }
}
