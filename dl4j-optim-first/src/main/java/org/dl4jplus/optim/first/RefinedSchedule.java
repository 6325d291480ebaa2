package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.rate;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.schedule.Refinement;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A learning-rate schedule made from the gradient norms of a previous run: the rate is low where
 * the norms were high, and falls to zero at the end. Warmup appears by itself where early norms are
 * large. {@link GradientNormRecorder} records the norms.
 *
 * <pre>{@code
 * G = running median of the norms, over the fraction medianFraction of the run
 * w = G^-2 (L2 norms, for SGD and its like)   or   G^-1 (L1 norms, for Adam and its like)
 * s_t = w_t * (w_{t+1} + .. + w_{T-1}) / (w_0 + .. + w_{T-1})
 * rate at step t = peak * s_t / max(s)
 * }</pre>
 *
 * <pre>{@code
 * net.addListeners(recorder); net.fit(data, epochs);                  // first run, linear decay
 * ISchedule next = RefinedSchedule.fromNorms(recorder.norms()).withPeak(0.1);
 * }</pre>
 *
 * <p>Constant norms give exactly linear decay, (T-1-t)/(T-1). <b>It is for runs whose norms do not
 * vanish.</b> Where a network interpolates its data and the norms fall almost to zero, nearly all
 * weight comes to lie on the end of the run, and the refined schedule is worse than {@link
 * LinearDecaySchedule}; {@code maxWeightRatio} bounds that.
 *
 * <p>Fields: {@code peak} 1, at least 0; {@code factors}, the s/max(s) of the T steps of the
 * previous run, T at least 2, in [0, 1]; {@code totalSteps} T, at least 1, the length of the next
 * run, to which the factors are interpolated linearly; {@code scheduleType} ITERATION, or EPOCH for
 * norms that were recorded once an epoch. From {@code totalSteps} on the rate is the last one, 0.
 *
 * <p>A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko: "When, Why and How Much? Adaptive Learning
 * Rate Scheduling by Refinement", arXiv 2310.07831 (2023).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class RefinedSchedule implements ISchedule {

  /** The kind of norm that was recorded, and with it the weight of a step. */
  public enum NormType {
    /** Sum of absolute values, weight 1/G: for Adam and other methods that work by coordinates. */
    L1,
    /** Euclidean norm, weight 1/G^2: for SGD, with or without momentum. */
    L2
  }

  private final double peak;
  private final double[] factors;
  private final int totalSteps;
  private final ScheduleType scheduleType;

  @Builder
  @JsonCreator
  private RefinedSchedule(
      @JsonProperty("peak") Double peak,
      @JsonProperty("factors") double[] factors,
      @JsonProperty("totalSteps") Integer totalSteps,
      @JsonProperty("scheduleType") ScheduleType scheduleType) {
    this.peak = rate("peak", peak, 1);
    check(
        factors != null && factors.length >= 2,
        "factors' length",
        factors == null ? 0 : factors.length,
        "at least 2");
    for (int t = 0; t < factors.length; t++) {
      within("factors[" + t + "]", factors[t], 0, 0, 1);
    }
    this.factors = factors.clone();
    this.totalSteps = count("totalSteps", totalSteps, factors.length);
    this.scheduleType = scheduleType == null ? ScheduleType.ITERATION : scheduleType;
  }

  /**
   * The schedule for SGD and its like, with the default smoothing.
   *
   * @param norms L2 norms of a run's gradients, one for each step; at least 2
   * @return a schedule of the same length with peak 1
   * @throws IllegalArgumentException for fewer than 2 norms, or a negative one
   */
  public static RefinedSchedule fromNorms(double[] norms) {
    return fromNorms(norms, NormType.L2, null, null);
  }

  /**
   * The schedule. Norms that are zero, infinite or not a number count as the smallest proper one;
   * without a proper one the schedule is linear decay.
   *
   * @param norms norms of a run's gradients, one for each step; at least 2, none negative
   * @param normType which norms they are
   * @param medianFraction length of the running median as a fraction of the run, in [0, 1]; 0 for
   *     none; null: 0.1
   * @param maxWeightRatio cuts weights off at this multiple of their median, at least 1; null: no
   *     cut. An addition of ours
   * @return a schedule of the same length with peak 1
   * @throws IllegalArgumentException outside these ranges
   */
  public static RefinedSchedule fromNorms(
      double[] norms, NormType normType, Double medianFraction, Double maxWeightRatio) {
    double fraction = within("medianFraction", medianFraction, 0.1, 0, 1);
    if (maxWeightRatio != null) {
      within("maxWeightRatio", maxWeightRatio, 1, 1, Double.MAX_VALUE);
    }
    check(norms.length >= 2, "norms' length", norms.length, "at least 2");
    double[] filtered = Refinement.smooth(Refinement.repair(norms), fraction);
    double[] weights = Refinement.weights(filtered, normType == NormType.L1 ? 1 : 2);
    if (maxWeightRatio != null) {
      Refinement.clip(weights, maxWeightRatio);
    }
    return builder().factors(Refinement.factors(weights)).build();
  }

  /**
   * The same schedule with another largest rate.
   *
   * @param newPeak rate, at least 0
   * @return a schedule
   */
  public RefinedSchedule withPeak(double newPeak) {
    return new RefinedSchedule(newPeak, factors, totalSteps, scheduleType);
  }

  /**
   * The same schedule for a run of another length.
   *
   * @param newTotalSteps steps, at least 1
   * @return a schedule
   */
  public RefinedSchedule withTotalSteps(int newTotalSteps) {
    return new RefinedSchedule(peak, factors, newTotalSteps, scheduleType);
  }

  /**
   * The factors of the previous run's steps.
   *
   * @return a copy
   */
  public double[] getFactors() {
    return Arrays.copyOf(factors, factors.length);
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    int t = scheduleType == ScheduleType.EPOCH ? epoch : iteration;
    int last = factors.length - 1;
    if (t >= totalSteps - 1) {
      return peak * (totalSteps == 1 && t == 0 ? factors[0] : factors[last]);
    }
    double at = (double) t * last / (totalSteps - 1);
    int below = (int) at;
    double part = at - below;
    double value = factors[below];
    return peak * (part == 0 ? value : value + part * (factors[below + 1] - value));
  }

  /** {@inheritDoc} This object, which nothing can change. */
  @Override
  public ISchedule clone() {
    return this;
  }
}
