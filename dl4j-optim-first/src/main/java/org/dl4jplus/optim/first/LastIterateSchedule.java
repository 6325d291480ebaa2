package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Rates under which theory bounds the <em>last</em> iterate of SGD, not only an average of them.
 * See {@link Setting} for the formulas; t counts from 1, T is {@code totalSteps}.
 *
 * <p>Fields: {@code setting} CONVEX_LINEAR; {@code eta} 1, above 0, the factor of the convex
 * settings; {@code totalSteps}, at least 1, must be given where the setting uses T; {@code
 * strongConvexity} mu, above 0, must be given where the setting uses it; {@code smoothness} L,
 * above 0, null: the loss is not known to be smooth, else the rate is at most 1/(2L); {@code
 * scheduleType} ITERATION, whether t counts iterations or epochs.
 *
 * <p>The shapes are the paper's; the constants are those that we know of it, and in a real network
 * eta is found by trying anyway.
 *
 * <p>Z. Liu, Z. Zhou: "Revisiting the Last-Iterate Convergence of Stochastic Gradient Methods",
 * arXiv 2312.08531 (2023).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class LastIterateSchedule implements ISchedule {

  /** What is known of the loss and of the run. */
  public enum Setting {
    /** eta/sqrt(t): T need not be known; error log T/sqrt T. */
    CONVEX_ANYTIME,
    /** eta/sqrt(T): error log T/sqrt T. */
    CONVEX_CONSTANT,
    /** eta (T-t+1)/T^1.5: linear decay, the optimal error 1/sqrt T. */
    CONVEX_LINEAR,
    /** 1/(mu t): error log T/T. */
    STRONGLY_CONVEX,
    /** 2/(mu (t+1)): error log T/T. */
    STRONGLY_CONVEX_TWO,
    /** 1/mu up to floor(T/2), then 2/(mu (t - floor(T/2) + 2)): error 1/T. */
    STRONGLY_CONVEX_HALF;

    private boolean isStronglyConvex() {
      return ordinal() >= STRONGLY_CONVEX.ordinal();
    }

    private boolean usesLength() {
      return this == CONVEX_CONSTANT || this == CONVEX_LINEAR || this == STRONGLY_CONVEX_HALF;
    }
  }

  private final Setting setting;
  private final double eta;
  private final Integer totalSteps;
  private final Double strongConvexity;
  private final Double smoothness;
  private final ScheduleType scheduleType;

  @Builder
  @JsonCreator
  private LastIterateSchedule(
      @JsonProperty("setting") Setting setting,
      @JsonProperty("eta") Double eta,
      @JsonProperty("totalSteps") Integer totalSteps,
      @JsonProperty("strongConvexity") Double strongConvexity,
      @JsonProperty("smoothness") Double smoothness,
      @JsonProperty("scheduleType") ScheduleType scheduleType) {
    this.setting = setting == null ? Setting.CONVEX_LINEAR : setting;
    this.eta = positive("eta", eta, 1);
    // A missing value fails the check that a given one has to pass.
    this.totalSteps =
        totalSteps != null || this.setting.usesLength() ? count("totalSteps", totalSteps, 0) : null;
    this.strongConvexity =
        strongConvexity != null || this.setting.isStronglyConvex()
            ? positive("strongConvexity", strongConvexity, Double.NaN)
            : null;
    this.smoothness = smoothness == null ? null : positive("smoothness", smoothness, 0);
    this.scheduleType = scheduleType == null ? ScheduleType.ITERATION : scheduleType;
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    double t = (scheduleType == ScheduleType.EPOCH ? epoch : iteration) + 1.0;
    double rate =
        switch (setting) {
          case CONVEX_ANYTIME -> eta / Math.sqrt(t);
          case CONVEX_CONSTANT -> eta / Math.sqrt(totalSteps);
          case CONVEX_LINEAR -> eta * Math.max(0, totalSteps - t + 1) / Math.pow(totalSteps, 1.5);
          case STRONGLY_CONVEX -> 1 / (strongConvexity * t);
          case STRONGLY_CONVEX_TWO -> 2 / (strongConvexity * (t + 1));
          case STRONGLY_CONVEX_HALF ->
              // Both pieces are 1/mu where they meet.
              2 / (strongConvexity * (Math.max(0, t - totalSteps / 2) + 2));
        };
    return smoothness == null ? rate : Math.min(rate, 1 / (2 * smoothness));
  }

  /** {@inheritDoc} This object, which nothing can change. */
  @Override
  public ISchedule clone() {
    return this;
  }
}
