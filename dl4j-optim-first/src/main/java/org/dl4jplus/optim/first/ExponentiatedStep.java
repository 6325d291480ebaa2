package org.dl4jplus.optim.first;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import lombok.extern.slf4j.Slf4j;
import org.dl4jplus.optim.first.updater.ParameterStep;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Makes any updater multiplicative, after it has run: its update becomes a step of the logarithm of
 * each weight's magnitude, and no weight changes its sign.
 *
 * <pre>{@code
 * q = clip(u, -maxLogStep, maxLogStep)
 * p_new = p*(1 - lr*decay) * exp(-sign(p)*q)
 * u = p - p_new
 * }</pre>
 *
 * <p>Fields: {@code maxLogStep} 10, above 0, the largest step of a logarithm; in single precision
 * keep it at 15 or less, where {@code p - u} is still exact enough never to be 0. {@code decay} 0,
 * at least 0. With an updater without a learning rate, lr is 1.
 *
 * <p>A weight that is exactly 0 never moves; the first step of a run warns if most of a variable's
 * are. Any other is held at a magnitude of at least 1e-30 (1e-300 in double precision), so that
 * none is lost by underflow.
 *
 * <p>For the paper see {@link ExponentiatedGradient}.
 */
@Slf4j
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class ExponentiatedStep extends ParameterStep {

  private final double maxLogStep;
  private final double decay;

  /** The step with its defaults. */
  public ExponentiatedStep() {
    this(null, null);
  }

  /**
   * Creates the step.
   *
   * @param maxLogStep largest step of a logarithm, above 0; null for the default
   * @param decay decay of the magnitudes, at least 0; null for the default
   */
  @JsonCreator
  public ExponentiatedStep(
      @JsonProperty("maxLogStep") Double maxLogStep, @JsonProperty("decay") Double decay) {
    this.maxLogStep = Require.positive("maxLogStep", maxLogStep, 10);
    this.decay = Require.nonNegative("decay", decay, 0);
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    if (iteration == 0) {
      warnOfZeros(param, gradView);
    }
    double kept = Math.max(0, 1 - lr * decay);
    double least = gradView.dataType() == DataType.DOUBLE ? 1e-300 : 1e-30;
    forEach(
        gradView,
        param,
        lane -> {
          Vector p = lane.parameters();
          Vector sign = lane.temp(0).set(p).bySign(-1, 0, 1);
          Vector u = lane.gradient().clamp(-maxLogStep, maxLogStep).mul(sign).scale(-1).exp();
          // First the new magnitude (at least the least, also where p is 0), then its sign.
          u.mul(lane.temp(1).set(p).abs()).scale(kept).clamp(least, Double.POSITIVE_INFINITY);
          u.mul(sign).combine(-1, 1, p);
        });
  }

  private static void warnOfZeros(INDArray param, INDArray gradView) {
    double zeros =
        sum(gradView, param, lane -> lane.temp(0).set(lane.parameters()).bySign(0, 1, 0).sum());
    if (zeros > param.length() / 2.0) {
      log.warn(
          "{} of the {} weights of a variable are exactly 0 and will stay so: exponentiated"
              + " gradient cannot move them. Start them elsewhere (for biases, for example, with a"
              + " bias initialisation above 0) or give them another updater",
          (long) zeros,
          param.length());
    }
  }
}
