package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.rate;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A rate that falls linearly to zero over a run of known length, with an optional linear warmup.
 *
 * <pre>{@code
 * t < warmupSteps:  peak * (t+1) / warmupSteps
 * else:             peak * (totalSteps-t) / (totalSteps-warmupSteps),   0 from totalSteps on
 * }</pre>
 *
 * <p>Fields: {@code peak} 1, at least 0; {@code warmupSteps} 0, from 0 to {@code totalSteps};
 * {@code totalSteps}, at least 1, must be given; {@code scheduleType} ITERATION, whether t counts
 * iterations or epochs. t starts at 0, and the last step of the run still has a positive rate.
 *
 * <p>A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko: "When, Why and How Much? Adaptive Learning
 * Rate Scheduling by Refinement", arXiv 2310.07831 (2023).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class LinearDecaySchedule implements ISchedule {

  private final double peak;
  private final int warmupSteps;
  private final int totalSteps;
  private final ScheduleType scheduleType;

  /**
   * A schedule over iterations.
   *
   * @param peak largest rate, at least 0
   * @param warmupSteps length of the rise; 0 for none
   * @param totalSteps length of the run, warmup included
   */
  public LinearDecaySchedule(double peak, int warmupSteps, int totalSteps) {
    this(peak, warmupSteps, totalSteps, null);
  }

  @Builder
  @JsonCreator
  private LinearDecaySchedule(
      @JsonProperty("peak") Double peak,
      @JsonProperty("warmupSteps") Integer warmupSteps,
      @JsonProperty("totalSteps") Integer totalSteps,
      @JsonProperty("scheduleType") ScheduleType scheduleType) {
    this.peak = rate("peak", peak, 1);
    this.totalSteps = count("totalSteps", totalSteps, 0);
    this.warmupSteps = atLeast("warmupSteps", warmupSteps, 0, 0);
    check(
        this.warmupSteps <= this.totalSteps,
        "warmupSteps",
        this.warmupSteps,
        "at most totalSteps = " + totalSteps);
    this.scheduleType = scheduleType == null ? ScheduleType.ITERATION : scheduleType;
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    int t = scheduleType == ScheduleType.EPOCH ? epoch : iteration;
    if (t < warmupSteps) {
      return peak * (t + 1) / warmupSteps;
    }
    return t >= totalSteps ? 0 : peak * (totalSteps - t) / (totalSteps - warmupSteps);
  }

  /** {@inheritDoc} This object, which nothing can change. */
  @Override
  public ISchedule clone() {
    return this;
  }
}
