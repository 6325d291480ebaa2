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
 * AdaLomo: a learning rate for each parameter with hardly any state. Its arithmetic is {@link
 * Adafactor}'s with a given learning rate, steps relative to the size of the parameters and no
 * first moment; see there for the formula.
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code epsilon1} 1e-30, above 0; {@code
 * epsilon2} 1e-3, at least 0; {@code clipThreshold} 1, above 0; {@code decayRate} -0.8, at most 0;
 * {@code weightDecay} 0, at least 0, relative to the scaled rate. State: {@code rows + columns} for
 * each matrix, 1 value for each entry of a vector. Needs {@link Optim#bind}.
 *
 * <p>What the paper saves besides the state, the memory of the gradients, cannot be saved here: the
 * platform computes all gradients of a network before the first updater runs. The paper's plain
 * LOMO is the platform's {@code Sgd} with its gradient normalization.
 *
 * <p>K. Lv, H. Yan, Q. Guo, H. Lv, X. Qiu: "AdaLomo: Low-memory Optimization with Adaptive Learning
 * Rate", arXiv 2310.10195 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class AdaLomo extends AbstractUpdater {

  private final double epsilon1;
  private final double epsilon2;
  private final double clipThreshold;
  private final double decayRate;
  private final double weightDecay;

  /** AdaLomo with its defaults. */
  public AdaLomo() {
    this(null, null, null, null, null, null, null);
  }

  /**
   * AdaLomo with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public AdaLomo(double learningRate) {
    this(learningRate, null, null, null, null, null, null);
  }

  /**
   * AdaLomo with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public AdaLomo(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private AdaLomo(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("epsilon1") Double epsilon1,
      @JsonProperty("epsilon2") Double epsilon2,
      @JsonProperty("clipThreshold") Double clipThreshold,
      @JsonProperty("decayRate") Double decayRate,
      @JsonProperty("weightDecay") Double weightDecay) {
    super(learningRate, 1e-3, learningRateSchedule);
    FactoredRule rule =
        FactoredRule.checked(epsilon1, epsilon2, clipThreshold, decayRate, null, true, weightDecay);
    this.epsilon1 = rule.epsilon1();
    this.epsilon2 = rule.epsilon2();
    this.clipThreshold = rule.clipThreshold();
    this.decayRate = rule.decayRate();
    this.weightDecay = rule.weightDecay();
  }

  private FactoredRule rule() {
    return new FactoredRule(epsilon1, epsilon2, clipThreshold, decayRate, null, true, weightDecay);
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  @Override
  public boolean needsParameters() {
    return true;
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    return rule().layout(shape);
  }

  @Override
  protected void step(Step step) {
    rule().apply(step, step.learningRate());
  }
}
