package org.dl4jplus.optim.first.updater;

import java.util.List;
import java.util.Map;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Base of the updaters that change what another one, the delegate, returns. The delegate may be any
 * updater, the platform's included. State, learning rate, schedule and needs are the delegate's. Of
 * the getters only {@link #getLearningRate(int, int)} knows the rate; the plain one gives not a
 * number.
 *
 * <p>Gradients that are not finite are treated as in every updater of the project, also around one
 * of the platform's.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public abstract class WrappingUpdater extends AbstractUpdater {

  private IUpdater delegate;

  /**
   * Wraps an updater.
   *
   * @param delegate the updater whose updates are changed
   * @throws IllegalArgumentException if it is null, {@code NoOp} or does not allow it
   */
  protected WrappingUpdater(IUpdater delegate) {
    if (delegate == null
        || delegate instanceof NoOp
        || delegate instanceof AbstractUpdater own && !own.allowsChangedUpdates()) {
      throw new IllegalArgumentException(
          "delegate must be an updater whose updates may be changed, got "
              + (delegate == null ? null : delegate.getClass().getSimpleName()));
    }
    this.delegate = delegate;
  }

  /**
   * Changes the delegate's update.
   *
   * @param update the update, to be changed in place
   * @param gradient the gradient that the delegate was given, of the same shape; only for reading
   */
  protected abstract void change(INDArray update, INDArray gradient);

  @Override
  protected final void step(Step step) {
    throw new IllegalStateException("The delegate takes the steps");
  }

  /** The delegate, if it is one of the project's; null otherwise. */
  private AbstractUpdater own() {
    return delegate instanceof AbstractUpdater own ? own : null;
  }

  @Override
  public boolean needsShapes() {
    return own() != null && own().needsShapes();
  }

  @Override
  public boolean needsParameters() {
    return own() != null && own().needsParameters();
  }

  @Override
  public List<Regularization> steps(VariableShape.Kind kind) {
    return own() == null ? List.of() : own().steps(kind);
  }

  @Override
  public AbstractUpdater bound(Binding newBinding) {
    WrappingUpdater copy = (WrappingUpdater) super.bound(newBinding);
    if (own() != null) {
      copy.delegate = own().bound(newBinding);
    }
    return copy;
  }

  @Override
  public long stateSize(long numParams) {
    requireBound();
    return delegate.stateSize(numParams);
  }

  @Override
  public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
    requireBound();
    return new Running(this, delegate.instantiate(viewArray, initializeViewArray));
  }

  @Override
  public GradientUpdater<?> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    requireBound();
    return new Running(this, delegate.instantiate(updaterState, initializeStateArrays));
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
    WrappingUpdater copy = (WrappingUpdater) super.clone();
    copy.delegate = delegate.clone();
    return copy;
  }

  /** The delegate at work. */
  private static final class Running implements GradientUpdater<WrappingUpdater> {

    private final WrappingUpdater config;
    private final GradientUpdater<?> delegate;
    // Not state: it only saves making a new array at each step.
    private INDArray copy;

    Running(WrappingUpdater config, GradientUpdater<?> delegate) {
      this.config = config;
      this.delegate = delegate;
    }

    @Override
    public WrappingUpdater getConfig() {
      return config;
    }

    @Override
    public void setState(Map<String, INDArray> stateMap, boolean initialize) {
      delegate.setState(stateMap, initialize);
    }

    @Override
    public Map<String, INDArray> getState() {
      return delegate.getState();
    }

    @Override
    public void setStateViewArray(
        INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
      delegate.setStateViewArray(viewArray, gradientShape, gradientOrder, initialize);
    }

    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
      if (FinitenessCheck.finite(gradient, copyFor(gradient))) {
        delegate.applyUpdater(gradient, iteration, epoch);
        config.change(gradient, copy);
      } else {
        FinitenessCheck.reject(gradient);
      }
    }

    private INDArray copyFor(INDArray gradient) {
      if (copy == null
          || !copy.equalShapes(gradient)
          || copy.ordering() != gradient.ordering()
          || copy.dataType() != gradient.dataType()) {
        // Outside any workspace: it outlives the step.
        copy =
            Nd4j.createUninitializedDetached(
                gradient.dataType(), gradient.ordering(), gradient.shape());
      }
      return copy;
    }
  }
}
