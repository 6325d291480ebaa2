package org.dl4jplus.optim.first.updater;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Base of the updaters that let another one, the delegate, do a part of the work. The delegate may
 * be one of the platform's. Learning rate and schedule are the delegate's; read them from {@code
 * getDelegate()}, which {@code getLearningRate()} and {@code getLearningRateSchedule()} do not
 * know.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public abstract class DelegatingUpdater extends AbstractUpdater {

  private IUpdater delegate;

  /**
   * Takes a delegate.
   *
   * @param delegate the updater
   * @param wanted what it has to be, for the message, to follow "an updater"
   * @param unfit whether it is not
   * @throws IllegalArgumentException if it is null, {@code NoOp} or unfit
   */
  protected DelegatingUpdater(IUpdater delegate, String wanted, boolean unfit) {
    if (delegate == null || delegate instanceof NoOp || unfit) {
      throw new IllegalArgumentException(
          "delegate must be an updater "
              + wanted
              + ", got "
              + (delegate == null ? null : delegate.getClass().getSimpleName()));
    }
    this.delegate = delegate;
  }

  /** Puts a bound copy in the delegate's place. */
  final void delegate(IUpdater bound) {
    delegate = bound;
  }

  @Override
  public double getLearningRate(int iteration, int epoch) {
    return delegate.getLearningRate(iteration, epoch);
  }

  @Override
  public boolean hasLearningRate() {
    return delegate.hasLearningRate();
  }

  @Override
  public void setLrAndSchedule(double lr, ISchedule lrSchedule) {
    delegate.setLrAndSchedule(lr, lrSchedule);
  }

  @Override
  public AbstractUpdater clone() {
    DelegatingUpdater copy = (DelegatingUpdater) super.clone();
    copy.delegate = delegate.clone();
    return copy;
  }
}
