package org.dl4jplus.optim.first;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Adafactor: Adam's second moment kept as row and column means, steps relative to the size of the
 * parameters.
 *
 * <pre>{@code
 * rho = relativeStep ? min( warmupInit ? 1e-6*t : 1e-2 , 1/sqrt(t) ) : learningRate
 * lr  = rho * (scaleParameter ? max(epsilon2, RMS(p)) : 1)          (p: the whole variable)
 * b   = 1 - t^decayRate
 * q   = g^2 + epsilon1
 * R   = b*R + (1-b)*mean(q, last axis) ;  C = b*C + (1-b)*mean(q, last axis but one)
 * x   = g / sqrt( R/mean(R) * C )                 (vectors: V = b*V + (1-b)*q ;  x = g / sqrt(V))
 * x   = lr * x / max(1, RMS(x)/clipThreshold)
 * beta1 set: m = beta1*m + (1-beta1)*x ;  x = m
 * u   = x + weightDecay*lr*p
 * }</pre>
 *
 * <p>For convolution kernels {@code [out, in, kH, kW]} the last two axes are factored, as the
 * reference does: 1x1 kernels save nothing.
 *
 * <p>Fields: {@code relativeStep} true, unless a rate is given by a constructor; {@code
 * learningRate} (or a schedule), at least 0, exactly if {@code relativeStep} is false; {@code
 * epsilon1} 1e-30, above 0; {@code epsilon2} 1e-3, at least 0; {@code clipThreshold} 1, above 0;
 * {@code decayRate} -0.8, at most 0; {@code beta1} none, or in [0, 1); {@code weightDecay} 0, at
 * least 0; {@code scaleParameter} true; {@code warmupInit} false, only with {@code relativeStep}.
 * With relative steps there is no learning rate, so that a platform {@code WeightDecay} beside it
 * would count with rate 1: use the field.
 *
 * <p>State: {@code rows + columns} for each matrix, 1 value for each entry of a vector; with {@code
 * beta1} 1 more for each parameter. Needs {@link Optim#bind}.
 *
 * <p>N. Shazeer, M. Stern: "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", arXiv
 * 1804.04235 (2018).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Adafactor extends AbstractUpdater {

  private final double epsilon1;
  private final double epsilon2;
  private final double clipThreshold;
  private final double decayRate;
  private final Double beta1;
  private final double weightDecay;
  private final boolean scaleParameter;
  private final boolean relativeStep;
  private final boolean warmupInit;

  /** Adafactor with its defaults: relative steps, no learning rate. */
  public Adafactor() {
    this(null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Adafactor with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Adafactor(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null, false, null);
  }

  /**
   * Adafactor with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Adafactor(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null, false, null);
  }

  @Builder
  @JsonCreator
  private Adafactor(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("epsilon1") Double epsilon1,
      @JsonProperty("epsilon2") Double epsilon2,
      @JsonProperty("clipThreshold") Double clipThreshold,
      @JsonProperty("decayRate") Double decayRate,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("scaleParameter") Boolean scaleParameter,
      @JsonProperty("relativeStep") Boolean relativeStep,
      @JsonProperty("warmupInit") Boolean warmupInit) {
    super(given(learningRate), Double.NaN, learningRateSchedule);
    FactoredRule rule =
        FactoredRule.checked(
            epsilon1, epsilon2, clipThreshold, decayRate, beta1, scaleParameter, weightDecay);
    this.epsilon1 = rule.epsilon1();
    this.epsilon2 = rule.epsilon2();
    this.clipThreshold = rule.clipThreshold();
    this.decayRate = rule.decayRate();
    this.beta1 = rule.beta1();
    this.weightDecay = rule.weightDecay();
    this.scaleParameter = rule.scaleParameter();
    this.relativeStep = relativeStep == null || relativeStep;
    this.warmupInit = warmupInit != null && warmupInit;
    boolean rate = given(learningRate) != null || learningRateSchedule != null;
    if (rate == this.relativeStep) {
      throw new IllegalArgumentException(
          rate
              ? "learningRate must not be set with relativeStep = true, got "
                  + (learningRate == null ? learningRateSchedule : learningRate)
              : "learningRate must be set with relativeStep = false");
    }
    if (this.warmupInit && !this.relativeStep) {
      throw new IllegalArgumentException("warmupInit must be false with relativeStep = false");
    }
  }

  /** JSON writes a missing rate as not a number. */
  private static Double given(Double learningRate) {
    return learningRate == null || learningRate.isNaN() ? null : learningRate;
  }

  private FactoredRule rule() {
    return new FactoredRule(
        epsilon1, epsilon2, clipThreshold, decayRate, beta1, scaleParameter, weightDecay);
  }

  @Override
  public boolean hasLearningRate() {
    return !relativeStep;
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  @Override
  public boolean needsParameters() {
    return rule().needsParameters();
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    return rule().layout(shape);
  }

  @Override
  protected void step(Step step) {
    double most = warmupInit ? 1e-6 * step.t() : 1e-2;
    rule()
        .apply(step, relativeStep ? Math.min(most, 1 / Math.sqrt(step.t())) : step.learningRate());
  }
}
