package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Optimistic gradient descent: the last gradient is the guess of the next, and each step takes back
 * the last guess. It converges in games where gradient descent circles.
 *
 * <pre>{@code
 * u = learningRate * ( (alpha+beta)*g - beta*gPrevious )
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 0.1, at least 0; {@code alpha} 1 and {@code beta} 1, at least 0;
 * {@code firstHint} CURRENT. State: 1 value for each parameter. Elementwise, needs no binding. With
 * {@code beta} 0 it is gradient descent.
 *
 * <p>A projection onto a ball or a box is a constraint of the layer; it acts after the whole step,
 * not inside it as in the theory.
 *
 * <p>S. Chen, Y.-J. Zhang, W.-W. Tu, P. Zhao, L. Zhang: "Optimistic Online Mirror Descent for
 * Bridging Stochastic and Adversarial Online Convex Optimization", arXiv 2302.04552 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OptimisticSgd extends AbstractUpdater {

  /** What stands for the previous gradient at the first step. */
  public enum FirstHint {
    /** The first gradient itself: the first step is one of gradient descent. */
    CURRENT,
    /** Zero, as in the theory. */
    ZERO
  }

  private final double alpha;
  private final double beta;
  private final FirstHint firstHint;

  /** Optimistic gradient descent with its defaults. */
  public OptimisticSgd() {
    this(null, null, null, null, null);
  }

  /**
   * Optimistic gradient descent with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public OptimisticSgd(double learningRate) {
    this(learningRate, null, null, null, null);
  }

  /**
   * Optimistic gradient descent with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public OptimisticSgd(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null);
  }

  @Builder
  @JsonCreator
  private OptimisticSgd(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("beta") Double beta,
      @JsonProperty("firstHint") FirstHint firstHint) {
    super(learningRate, 0.1, learningRateSchedule);
    this.alpha = nonNegative("alpha", alpha, 1);
    this.beta = nonNegative("beta", beta, 1);
    this.firstHint = firstHint == null ? FirstHint.CURRENT : firstHint;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("previousGradient", n);
  }

  @Override
  protected void step(Step step) {
    double lr = step.learningRate();
    boolean first = step.t() == 1 && firstHint == FirstHint.CURRENT;
    step.forEach(lane -> OptimisticCombine.apply(lane, lr * (alpha + beta), lr * beta, 0, first));
  }
}
