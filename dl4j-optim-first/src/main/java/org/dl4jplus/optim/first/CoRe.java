package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;
import static org.dl4jplus.optim.first.updater.Require.within;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.Largest;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * CoRe: a step size for each weight that grows while the smoothed gradient keeps its sign and
 * shrinks when it flips, times Adam's direction.
 *
 * <pre>{@code
 * h = beta2*h + (1-beta2)*g^2
 * b = beta1Final + (beta1Initial-beta1Final) * exp(-((t-1)/beta1Decay)^2)
 * c = b*q + (1-b)*g
 * P = 1, but 0 for the most important weights once there is a history of scores
 * z = c*q*P ;  s = clip( s * (z>0 ? etaPlus : z<0 ? etaMinus : 1), stepSizeMin, stepSizeMax )
 * r = c/(1-b^t) / ( sqrt(h/(1-beta2^t)) + epsilon )        (sign mode: r = sign(c))
 * u = r*s*P ;  q = c
 * }</pre>
 *
 * <p>Scores, kept if {@code scoreHistory} H is above 0: {@code score += c*u/H} at each step. From
 * step H+1 on, the weights whose score is at least 0.999999 times the F-th largest are frozen (P =
 * 0), where F is frozenFraction of the number of weights, rounded down; if F is above 0 all scores
 * then fade by 1 - 1/H before they are added to. Weights are counted over the block: all
 * neighbouring variables with equal updaters. Weights that tie are frozen together.
 *
 * <p>Fields: {@code learningRate} 1e-3, above 0: the initial step size, of whose schedule only the
 * value at the first step matters; {@code stepSizeMin} 1e-6 and {@code stepSizeMax} 1e-2, 0 &lt;
 * min &lt;= max (recommended maximum: 1e-3 for mini-batches, 1 for full batches); {@code etaMinus}
 * 0.7375 in (0, 1] and {@code etaPlus} 1.2, at least 1; {@code beta1Initial} 0.7375 and {@code
 * beta1Final} 0.8125, in [0, 1); {@code beta1Decay} 250, above 0; {@code beta2} 0.99 in [0, 1), or
 * -1 for the sign mode; {@code epsilon} 1e-8, at least 0; {@code scoreHistory} 0, at least 0;
 * {@code frozenFraction} 0 in [0, 1]. State: 3 values for each parameter, 1 less in sign mode, 1
 * more with scores. Elementwise, needs no binding. The paper's weight decay is {@link
 * AbsUpdateWeightDecay}, 0.1 in the authors' code, and not attached by itself.
 *
 * <p>M. Eckhoff, M. Reiher: "CoRe Optimizer: An All-in-One Solution for Machine Learning", arXiv
 * 2307.15663 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class CoRe extends AbstractUpdater {

  private final double stepSizeMin;
  private final double stepSizeMax;
  private final double etaMinus;
  private final double etaPlus;
  private final double beta1Initial;
  private final double beta1Final;
  private final double beta1Decay;
  private final double beta2;
  private final double epsilon;
  private final int scoreHistory;
  private final double frozenFraction;

  /** CoRe with its defaults. */
  public CoRe() {
    this(null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * CoRe with a constant learning rate.
   *
   * @param learningRate rate, above 0
   */
  public CoRe(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * CoRe with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public CoRe(ISchedule learningRateSchedule) {
    this(
        null,
        learningRateSchedule,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  @Builder
  @JsonCreator
  private CoRe(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("stepSizeMin") Double stepSizeMin,
      @JsonProperty("stepSizeMax") Double stepSizeMax,
      @JsonProperty("etaMinus") Double etaMinus,
      @JsonProperty("etaPlus") Double etaPlus,
      @JsonProperty("beta1Initial") Double beta1Initial,
      @JsonProperty("beta1Final") Double beta1Final,
      @JsonProperty("beta1Decay") Double beta1Decay,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("scoreHistory") Integer scoreHistory,
      @JsonProperty("frozenFraction") Double frozenFraction) {
    super(learningRate, 1e-3, learningRateSchedule);
    positive("learningRate", getLearningRate(), 1e-3);
    this.stepSizeMin = positive("stepSizeMin", stepSizeMin, 1e-6);
    this.stepSizeMax = positive("stepSizeMax", stepSizeMax, 1e-2);
    check(
        this.stepSizeMin <= this.stepSizeMax,
        "stepSizeMin",
        this.stepSizeMin,
        "at most stepSizeMax, which is " + this.stepSizeMax);
    this.etaMinus = within("etaMinus", positive("etaMinus", etaMinus, 0.7375), 1, 0, 1);
    this.etaPlus = nonNegative("etaPlus", etaPlus, 1.2);
    check(this.etaPlus >= 1, "etaPlus", this.etaPlus, "at least 1");
    this.beta1Initial = beta("beta1Initial", beta1Initial, 0.7375);
    this.beta1Final = beta("beta1Final", beta1Final, 0.8125);
    this.beta1Decay = positive("beta1Decay", beta1Decay, 250);
    this.beta2 = beta2 != null && beta2 == -1 ? -1 : beta("beta2", beta2, 0.99);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.scoreHistory = atLeast("scoreHistory", scoreHistory, 0, 0);
    this.frozenFraction = within("frozenFraction", frozenFraction, 0, 0, 1);
  }

  @Override
  public void setLrAndSchedule(double lr, ISchedule lrSchedule) {
    if (lrSchedule == null) {
      positive("learningRate", lr, lr);
    }
    super.setLrAndSchedule(lr, lrSchedule);
  }

  @Override
  protected StateLayout layout(long n) {
    StateLayout layout = new StateLayout().vector("q", n).vector("s", n);
    if (!signMode()) {
      layout.vector("h", n);
    }
    return scoreHistory == 0 ? layout : layout.vector("score", n);
  }

  private boolean signMode() {
    return beta2 < 0;
  }

  private int scoreVector() {
    return signMode() ? 2 : 3;
  }

  @Override
  protected void step(Step step) {
    long k = step.t() - 1;
    double b = beta1Final + (beta1Initial - beta1Final) * Math.exp(-Math.pow(k / beta1Decay, 2));
    double correction = step.correction(b);
    double root = signMode() ? 1 : 1 / Math.sqrt(step.correction(beta2));
    double initial = step.learningRate();
    long frozen = (long) (frozenFraction * step.length());
    boolean freezes = scoreHistory > 0 && k >= scoreHistory && frozen > 0;
    double threshold = freezes ? 0.999999 * threshold(step, (int) frozen) : Double.NaN;
    step.forEach(
        lane -> {
          Vector c = lane.gradient();
          Vector q = lane.state(0);
          Vector s = lane.state(1);
          if (k == 0) {
            s.fill(initial);
          }
          if (!signMode()) {
            lane.state(2).emaSquare(beta2, c);
          }
          c.combine(1 - b, b, q);
          // The sign first: the product of two small numbers might vanish.
          Vector z = lane.temp(0).set(c).sign().mul(q);
          q.set(c);
          if (freezes) {
            z.mul(active(lane, threshold));
          }
          s.mul(z.bySign(etaMinus, 1, etaPlus)).clamp(stepSizeMin, stepSizeMax);
          if (signMode()) {
            c.sign();
          } else {
            c.divSqrt(lane.state(2), root * correction, epsilon * correction);
          }
          Vector u = c.mul(s);
          if (freezes) {
            u.mul(active(lane, threshold));
            lane.state(scoreVector()).scale(1 - 1.0 / scoreHistory);
          }
          if (scoreHistory > 0) {
            lane.state(scoreVector()).addScaled(1.0 / scoreHistory, lane.temp(0).set(q).mul(u));
          }
        });
  }

  private double threshold(Step step, int frozen) {
    double[] scores = step.state(scoreVector()).toDoubleVector();
    return Largest.value(scores, scores.length, frozen);
  }

  /** P: 1 where the score is below the threshold, else 0. */
  private Vector active(Lane lane, double threshold) {
    Vector score = lane.state(scoreVector());
    return lane.temp(1).set(score).scale(-1).above(-threshold);
  }
}
