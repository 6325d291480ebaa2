package org.dl4jplus.optim.first.updater;

import java.util.function.Predicate;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Base of the updaters that let another one, the delegate, do the descending. The delegate may be
 * the platform's. Learning rate and schedule are the delegate's; read them from {@code
 * getDelegate()}, which {@code getLearningRate()} without arguments does not know.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public abstract class DelegatingUpdater extends AbstractUpdater {

  private IUpdater delegate;

  /**
   * Takes the delegate.
   *
   * @param delegate the updater
   * @param allowed whether an updater of the project may be the delegate
   * @param range what is allowed, to follow "delegate must be an updater"
   * @throws IllegalArgumentException if it is null, {@code NoOp} or not allowed
   */
  DelegatingUpdater(IUpdater delegate, Predicate<AbstractUpdater> allowed, String range) {
    if (delegate == null
        || delegate instanceof NoOp
        || delegate instanceof AbstractUpdater own && !allowed.test(own)) {
      throw new IllegalArgumentException(
          "delegate must be an updater "
              + range
              + ", got "
              + (delegate == null ? null : delegate.getClass().getSimpleName()));
    }
    this.delegate = delegate;
  }

  /**
   * Takes a delegate that runs on other arrays than the parameters.
   *
   * @param delegate the updater
   * @throws IllegalArgumentException if it is null, {@code NoOp} or needs binding
   */
  protected DelegatingUpdater(IUpdater delegate) {
    this(
        delegate, own -> !own.needsBinding(), "that needs neither shapes nor values of parameters");
  }

  final void setDelegate(IUpdater delegate) {
    this.delegate = delegate;
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
