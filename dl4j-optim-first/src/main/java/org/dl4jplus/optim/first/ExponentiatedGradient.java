package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.ArrayList;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.AdamRule;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Exponentiated gradient: weights are multiplied, not added to, so that each keeps the sign it
 * started with, as synapses do by Dale's law, and magnitudes spread log-normally.
 *
 * <pre>{@code
 * SGD:   d = g + weightDecay*sign(p)
 *        momentum > 0:  b = d at the first step, then momentum*b + (1-dampening)*d
 *                       d = b                               (nesterov: d + momentum*b)
 *        q = learningRate*d                ; p' = p
 * ADAM:  q = learningRate * m/(1-beta1^t) / ( sqrt(v/(1-beta2^t)) + epsilon )
 *        p' = p*(1 - learningRate*weightDecay)
 * both:  p_new = p' * exp(-sign(p)*clip(q, -maxLogStep, maxLogStep)) ;  u = p - p_new
 * }</pre>
 *
 * <p>It is an updater for q before {@link ExponentiatedStep}, which tells of zeros, underflow and
 * the bound {@code maxLogStep}. Weights at 0, and with them the platform's biases, never move: give
 * such parameters another start or another updater.
 *
 * <p>Fields: {@code mode} SGD; {@code learningRate} 0.1, at least 0; {@code momentum} 0, in [0, 1);
 * {@code dampening} 0, in [0, 1]; {@code nesterov} false; {@code beta1} 0.9 and {@code beta2}
 * 0.999, in [0, 1); {@code epsilon} 1e-8, at least 0; {@code weightDecay} 0, at least 0, in mode
 * SGD the platform's L1 regularization, which adds to the score; {@code maxLogStep} 10, above 0.
 * State: nothing, 1 value for each parameter with momentum, 2 in mode ADAM. Needs {@link Optim}'s
 * {@code bind}.
 *
 * <p>The bound {@code maxLogStep} is ours: without it large rates overflow. The optimiser side of
 * "Dale meets Langevin", arXiv 2510.02730 (2025).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class ExponentiatedGradient extends AbstractUpdater {

  /** The updater whose step is taken in the exponent. */
  public enum Mode {
    /** The gradient, with or without momentum. */
    SGD,
    /** Adam. */
    ADAM
  }

  private final Mode mode;
  private final double momentum;
  private final double dampening;
  private final boolean nesterov;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;
  private final double maxLogStep;

  /** Exponentiated gradient with its defaults. */
  public ExponentiatedGradient() {
    this(null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Exponentiated gradient with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public ExponentiatedGradient(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Exponentiated gradient with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public ExponentiatedGradient(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ExponentiatedGradient(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("mode") Mode mode,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("dampening") Double dampening,
      @JsonProperty("nesterov") Boolean nesterov,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("maxLogStep") Double maxLogStep) {
    super(learningRate, 0.1, learningRateSchedule);
    this.mode = mode == null ? Mode.SGD : mode;
    this.momentum = beta("momentum", momentum, 0);
    this.dampening = within("dampening", dampening, 0, 0, 1);
    this.nesterov = nesterov != null && nesterov;
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
    this.maxLogStep = positive("maxLogStep", maxLogStep, 10);
  }

  @Override
  protected StateLayout layout(long n) {
    StateLayout layout = new StateLayout();
    if (mode == Mode.ADAM) {
      layout.vector("m", n).vector("v", n);
    } else if (momentum > 0) {
      layout.vector("buffer", n);
    }
    return layout;
  }

  @Override
  protected void step(Step step) {
    double lr = step.learningRate();
    if (mode == Mode.ADAM) {
      AdamRule.adamHat(step, lr, beta1, beta2, epsilon, 0, 1);
    } else if (momentum > 0) {
      double gain = step.t() == 1 ? 1 : 1 - dampening;
      HeavyBallRule.apply(step, momentum, gain, nesterov ? lr * momentum : lr, nesterov ? lr : 0);
    } else {
      step.forEach(lane -> lane.gradient().scale(lr));
    }
  }

  @Override
  public List<Regularization> steps(Kind kind) {
    List<Regularization> steps = new ArrayList<>();
    if (mode == Mode.SGD && weightDecay > 0) {
      steps.add(new L1Regularization(weightDecay));
    }
    steps.add(new ExponentiatedStep(maxLogStep, mode == Mode.ADAM ? weightDecay : 0));
    return steps;
  }
}
