package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * FAdam: Adam as natural-gradient descent; momentum of a clipped gradient that the empirical Fisher
 * information has scaled, and a weight decay that is scaled and clipped alike.
 *
 * <pre>{@code
 * b = beta2 * (1-beta2^(t-1)) / (1-beta2^t)
 * f = b*f + (1-b)*g^2
 * e = min(epsilon, epsilon2*rms(g)) ;  D = f^p + e^(2p)
 * n = g/D ;  n = n / max(1, rms(n)/clip) ;  m = beta1*m + (1-beta1)*n
 * w = params/D ;  w = w / max(1, rms(w)/clip)
 * u = learningRate * ( m + weightDecay*w )
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, the
 * weights that are kept, in [0, 1); {@code epsilon} 1e-8 and {@code epsilon2} 0.01, at least 0;
 * {@code clip} 1, bound on the root mean square, above 0; {@code p} 0.5, exponent of the Fisher
 * information, above 0; {@code weightDecay} 0.001, at least 0: published defaults differ (0.1,
 * 0.01, 0.001), so set it. State: 2 values for each parameter. With weightDecay above 0 it reads
 * parameter values: {@code Optim.bind}. The root mean squares are taken over the block: all
 * neighbouring variables with equal updaters. Where D is 0 n is 0, and if any D is 0 the step goes
 * without decay. The momentum is not bias-corrected, so the first steps are small.
 *
 * <p>The derivation takes the loss to be a negative log-likelihood ({@code MCXENT}, {@code XENT});
 * nothing checks that. The rule for e is the paper's; published codes differ below 1e-8, and in
 * clip values other than 1.
 *
 * <p>D. Hwang: "FAdam: Adam is a natural gradient optimizer using diagonal empirical Fisher
 * information", arXiv 2405.12807 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class FAdam extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double epsilon2;
  private final double clip;
  private final double p;
  private final double weightDecay;

  /** FAdam with its defaults. */
  public FAdam() {
    this(null, null, null, null, null, null, null, null, null);
  }

  /**
   * FAdam with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public FAdam(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null);
  }

  /**
   * FAdam with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public FAdam(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private FAdam(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("epsilon2") Double epsilon2,
      @JsonProperty("clip") Double clip,
      @JsonProperty("p") Double p,
      @JsonProperty("weightDecay") Double weightDecay) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.epsilon2 = nonNegative("epsilon2", epsilon2, 0.01);
    this.clip = positive("clip", clip, 1);
    this.p = positive("p", p, 0.5);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0.001);
  }

  @Override
  public boolean needsParameters() {
    return weightDecay > 0;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n).vector("fisher", n);
  }

  @Override
  protected void step(Step step) {
    double n = step.length();
    double b = beta2 * (1 - Math.pow(beta2, step.t() - 1.0)) / step.correction(beta2);
    double rms = Math.sqrt(step.sum(lane -> lane.gradient().squaredNorm()) / n);
    double floor = Math.pow(Math.min(epsilon, epsilon2 * rms), 2 * p);
    double natural =
        step.sum(
            lane -> {
              Vector g = lane.gradient();
              lane.state(1).emaSquare(b, g);
              return divide(g, lane, floor).squaredNorm();
            });
    double forN = (1 - beta1) * clipped(natural / n);
    double decay = step.learningRate() * weightDecay;
    boolean single = step.gradient().dataType() == DataType.FLOAT;
    // With a floor that the type can hold no divisor is 0.
    boolean decays =
        decay > 0
            && ((single ? (float) floor : floor) > 0
                || step.sum(lane -> lane.temp(0).set(lane.state(1)).above(0).sum()) == n);
    double forW = decays ? decay * clipped(step.sum(lane -> w(lane, floor).squaredNorm()) / n) : 0;
    double rate = step.learningRate();
    step.forEach(
        lane -> {
          Vector u = lane.gradient();
          Vector m = lane.state(0).combine(beta1, forN, u);
          u.set(m).scale(rate);
          if (decays) {
            u.addScaled(forW, w(lane, floor));
          }
        });
  }

  /** Factor that keeps a root mean square within the bound. */
  private double clipped(double meanSquare) {
    return 1 / Math.max(1, Math.sqrt(meanSquare) / clip);
  }

  private Vector w(Lane lane, double floor) {
    return divide(lane.temp(0).set(lane.parameters()), lane, floor);
  }

  /** x / D, 0 where D is 0. */
  private Vector divide(Vector x, Lane lane, double floor) {
    Vector fisher = lane.state(1);
    return p == 0.5
        ? x.divSqrt(fisher, 1, floor)
        : x.divOrZero(lane.temp(1).set(fisher).pow(p).shift(floor));
  }
}
