package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import lombok.extern.slf4j.Slf4j;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * AdEMAMix: Adam with a second, much slower average of the gradients.
 *
 * <pre>{@code
 * a  = alpha, and alpha*t/alphaWarmup before step alphaWarmup
 * b3 = beta3, and before step beta3Warmup between beta1 and beta3, linear in the half-life
 * m1 = beta1*m1 + (1-beta1)*g
 * m2 = b3*m2 + (1-b3)*g                          (not bias-corrected)
 * v  = beta2*v + (1-beta2)*g^2
 * u  = learningRate * ( m1/(1-beta1^t) + a*m2 ) / ( sqrt(v/(1-beta2^t)) + epsilon )
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9, {@code beta2} 0.999 and
 * {@code beta3} 0.9999, the weights that are kept, in [0, 1), where a beta3 below beta1 is allowed
 * but pointless; {@code alpha} 2, at least 0 (the paper's language models use 5 to 10); {@code
 * alphaWarmup} 0 and {@code beta3Warmup} 0, steps, at least 0, usually the planned number of steps
 * ({@link Warmup}); {@code epsilon} 1e-8, at least 0. Long averages need long runs: with beta3
 * 0.9999 m2 remembers some 10,000 steps. State: 3 values for each parameter, 2 if beta1 is 0.
 * Elementwise, needs no binding. Weight decay is the platform's {@code WeightDecay}. With alpha 0
 * this is Adam with epsilon added after the bias correction.
 *
 * <p>M. Pagliardini, P. Ablin, D. Grangier: "The AdEMAMix Optimizer: Better, Faster, Older", arXiv
 * 2409.03137 (2024).
 */
@Slf4j
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class AdEMAMix extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double beta3;
  private final double alpha;
  private final int alphaWarmup;
  private final int beta3Warmup;
  private final double epsilon;

  /** AdEMAMix with its defaults. */
  public AdEMAMix() {
    this(null, null, null, null, null, null, null, null, null);
  }

  /**
   * AdEMAMix with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public AdEMAMix(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null);
  }

  /**
   * AdEMAMix with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public AdEMAMix(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private AdEMAMix(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("beta3") Double beta3,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("alphaWarmup") Integer alphaWarmup,
      @JsonProperty("beta3Warmup") Integer beta3Warmup,
      @JsonProperty("epsilon") Double epsilon) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.beta3 = beta("beta3", beta3, 0.9999);
    this.alpha = nonNegative("alpha", alpha, 2);
    this.alphaWarmup = atLeast("alphaWarmup", alphaWarmup, 0, 0);
    this.beta3Warmup = atLeast("beta3Warmup", beta3Warmup, 0, 0);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    if (this.beta3 < this.beta1) {
      log.warn(
          "beta3 ({}) is below beta1 ({}): the slow average is the faster one",
          this.beta3,
          this.beta1);
    }
  }

  @Override
  protected StateLayout layout(long n) {
    StateLayout layout = new StateLayout().vector("slow", n).vector("v", n);
    return beta1 == 0 ? layout : layout.vector("fast", n);
  }

  @Override
  protected void step(Step step) {
    double slowBeta = Warmup.halfLife(beta1, beta3, step.t(), beta3Warmup);
    double forFast = step.learningRate() / step.correction(beta1);
    double forSlow = step.learningRate() * Warmup.linear(alpha, step.t(), alphaWarmup);
    double root = 1 / Math.sqrt(step.correction(beta2));
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector slow = lane.state(0).ema(slowBeta, g);
          Vector v = lane.state(1).emaSquare(beta2, g);
          Vector fast = beta1 == 0 ? g : lane.state(2).ema(beta1, g);
          g.blend(forFast, fast, forSlow, slow).divSqrt(v, root, epsilon);
        });
  }
}
