package org.dl4jplus.optim.first.updater;

import java.util.List;
import java.util.Map;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Base of the updaters that change what another one, the delegate, returns. The delegate may be any
 * updater, the platform's included. State, learning rate, schedule and needs are the delegate's.
 *
 * <p>Gradients that are not finite are treated as in every updater of the project, also around one
 * of the platform's.
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public abstract class WrappingUpdater extends DelegatingUpdater {

  /**
   * Wraps an updater.
   *
   * @param delegate the updater whose updates are changed
   * @throws IllegalArgumentException if it is null, {@code NoOp} or does not allow it
   */
  protected WrappingUpdater(IUpdater delegate) {
    super(
        delegate,
        "whose updates may be changed",
        delegate instanceof AbstractUpdater own && !own.allowsChangedUpdates());
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
    return getDelegate() instanceof AbstractUpdater own ? own : null;
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
      copy.delegate(own().bound(newBinding));
    }
    return copy;
  }

  @Override
  public long stateSize(long numParams) {
    requireBound();
    return getDelegate().stateSize(numParams);
  }

  @Override
  public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
    requireBound();
    return new Running(this, getDelegate().instantiate(viewArray, initializeViewArray));
  }

  @Override
  public GradientUpdater<?> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    requireBound();
    return new Running(this, getDelegate().instantiate(updaterState, initializeStateArrays));
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
