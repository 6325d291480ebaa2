package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;

import java.util.Objects;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.schedule.SampleCount;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A schedule that goes by the number of examples seen and not by the number of steps, for runs
 * whose batch size changes: {@code delegate.valueAt(t, t)} with t = floor(examples /
 * samplesPerUnit), whichever {@code ScheduleType} the delegate has.
 *
 * <p>The count comes from the {@link AdaptiveBatchListener} on the network, which tells it to the
 * thread that is about to update. It is the number of examples <em>before</em> the current batch.
 * Asked between steps (for a log, say) the schedule answers for its last step.
 *
 * <p>Fields: {@code delegate}, must be given; {@code samplesPerUnit} 1, at least 1: the batch size
 * for which the delegate's steps were meant, or the size of an epoch.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class SampleSchedule implements ISchedule {

  private final ISchedule delegate;
  private final int samplesPerUnit;

  @Getter(lombok.AccessLevel.NONE)
  @EqualsAndHashCode.Exclude
  @ToString.Exclude
  private transient volatile long seen;

  /**
   * Creates a schedule.
   *
   * @param delegate what gives the values
   * @param samplesPerUnit examples in one of the delegate's steps, at least 1
   */
  @Builder
  @JsonCreator
  public SampleSchedule(
      @JsonProperty("delegate") ISchedule delegate,
      @JsonProperty("samplesPerUnit") Integer samplesPerUnit) {
    this.delegate = Objects.requireNonNull(delegate, "delegate");
    this.samplesPerUnit = count("samplesPerUnit", samplesPerUnit, 1);
  }

  /**
   * The value for the current number of examples.
   *
   * @param iteration iteration of the network; not used
   * @param epoch epoch of the network; not used
   * @return the delegate's value
   */
  @Override
  public double valueAt(int iteration, int epoch) {
    seen = SampleCount.orElse(seen);
    int unit = (int) Math.min(Integer.MAX_VALUE, seen / samplesPerUnit);
    return delegate.valueAt(unit, unit);
  }

  @Override
  public ISchedule clone() {
    SampleSchedule copy = new SampleSchedule(delegate.clone(), samplesPerUnit);
    copy.seen = seen;
    return copy;
  }
}
