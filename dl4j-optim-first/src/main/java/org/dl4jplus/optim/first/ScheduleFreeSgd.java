package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.between;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Lane;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Schedule-Free SGD: no decay of the rate and no horizon to choose; gradients are taken at y, and
 * an average x of the iterates is what to evaluate and save.
 *
 * <pre>{@code
 * lr_k = learningRate*min(1, (k+1)/warmupSteps);  lrMax = max(lrMax, lr_k)                 k = 0, 1, ...
 * w = (k+1)^r * lrMax^weightLrPower;  c = w/(sum of all w)
 * u = -c*d + lr_k*(1 - b*(1-c))*g;  d = (1-c)*(d - lr_k*b*g)                               b = momentum
 * x = y - ((1-b)/b)*d
 * }</pre>
 *
 * <p><b>Evaluate x, not what the network holds while it trains</b>: attach {@link
 * ScheduleFree.Listener} or use {@link ScheduleFree}'s methods.
 *
 * <p>Fields: {@code learningRate} 1, at least 0 (a schedule works but is pointless here); {@code
 * momentum} 0.9, in (0, 1); {@code warmupSteps} 0, at least 0; {@code r} 0, at least 0; {@code
 * weightLrPower} 2, at least 0; {@code weightDecay} 0, at least 0, L2 taken at y (then pass the
 * configuration through {@link Optim}{@code .bind}). State: 1 value for each parameter.
 * Elementwise.
 *
 * <p>A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: "The Road Less
 * Scheduled", arXiv 2405.15682 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class ScheduleFreeSgd extends AbstractScheduleFree {

  private final double momentum;

  /** Schedule-Free SGD with its defaults. */
  public ScheduleFreeSgd() {
    this(null, null, null, null, null, null, null);
  }

  /**
   * Schedule-Free SGD with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public ScheduleFreeSgd(double learningRate) {
    this(learningRate, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ScheduleFreeSgd(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("warmupSteps") Integer warmupSteps,
      @JsonProperty("r") Double r,
      @JsonProperty("weightLrPower") Double weightLrPower,
      @JsonProperty("weightDecay") Double weightDecay) {
    super(learningRate, 1, learningRateSchedule, warmupSteps, r, weightLrPower, weightDecay);
    this.momentum = between("momentum", momentum, 0.9, 0, 1);
  }

  @Override
  public List<Regularization> steps(VariableShape.Kind kind) {
    return getWeightDecay() == 0 ? List.of() : List.of(new L2Regularization(getWeightDecay()));
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("d", n).scalars(SCALARS);
  }

  @Override
  double interpolation() {
    return momentum;
  }

  @Override
  int difference() {
    return 0;
  }

  @Override
  void direction(Lane lane, Step step) {
    // The gradient as it is.
  }
}
