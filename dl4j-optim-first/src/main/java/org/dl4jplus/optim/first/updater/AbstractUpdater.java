package org.dl4jplus.optim.first.updater;

import java.util.List;
import java.util.Map;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Base of the updaters: learning rate and schedule, JSON, equality, cloning, state. A method is its
 * fields, {@link #layout(long)} for the state it keeps and {@link #step(Step)} for its formula.
 *
 * <p>An elementwise method takes its step on a whole block of parameters (all neighbouring
 * variables with equal updaters). A method that {@linkplain #needsShapes() needs shapes} takes one
 * step for each variable; one that {@linkplain #needsParameters() needs parameter values} can read
 * them in its step. Both have to be bound first: {@code Optim.bind(configuration)}.
 *
 * <p><b>Non-finite gradients.</b> If a block's gradient contains a value that is not finite, the
 * step is not taken: the state stays as it was, the update is NaN where the gradient was not finite
 * and 0 elsewhere. Nothing is hidden (the parameter becomes NaN and the platform's NaN checks see
 * it) and nothing is corrupted.
 *
 * <p>Networks in single and double precision are supported.
 */
@Getter
@EqualsAndHashCode
@ToString
public abstract class AbstractUpdater implements IUpdater {

  private double learningRate;
  private ISchedule learningRateSchedule;
  private Binding binding;

  /**
   * Creates an updater with a learning rate.
   *
   * @param learningRate rate, at least 0; null for the default
   * @param standard the default; not a number for methods that can do without a rate
   * @param learningRateSchedule schedule that takes the place of the constant rate; null for none
   * @throws IllegalArgumentException if the rate is negative or not finite
   */
  protected AbstractUpdater(Double learningRate, double standard, ISchedule learningRateSchedule) {
    boolean unset = learningRate == null || learningRateSchedule != null && learningRate.isNaN();
    this.learningRate = unset ? standard : Require.rate("learningRate", learningRate, standard);
    this.learningRateSchedule = learningRateSchedule;
  }

  /** Creates an updater without a learning rate. */
  protected AbstractUpdater() {
    learningRate = Double.NaN;
  }

  /**
   * The state that a block of parameters takes.
   *
   * @param length number of parameters
   * @return the layout
   */
  protected StateLayout layout(long length) {
    throw new IllegalStateException(getClass().getSimpleName() + " works on variables, not blocks");
  }

  /**
   * The state that a variable takes, for methods that need shapes.
   *
   * @param shape the variable
   * @return the layout
   */
  protected StateLayout layout(VariableShape shape) {
    return layout(shape.length());
  }

  /**
   * The method: turns the step's gradient into the update.
   *
   * @param step gradient, state, rate and parameters
   */
  protected abstract void step(Step step);

  /**
   * For methods that take gradients at one point and are to be judged at another: turns the
   * parameters of the first into those of the second. {@code AveragedParameters} calls this.
   *
   * @param step a step whose gradient holds a copy of the parameters; {@code t()} is the number of
   *     steps taken. The state must not be changed
   */
  protected void toAveraged(Step step) {
    // The two are the same.
  }

  /**
   * Whether the method looks at the shapes of its variables, so that it has to be bound and gets a
   * step for each.
   *
   * @return false by default
   */
  public boolean needsShapes() {
    return false;
  }

  /**
   * Whether the method reads parameter values, so that it has to be bound.
   *
   * @return false by default
   */
  public boolean needsParameters() {
    return false;
  }

  /**
   * Whether another updater may change what this one returns, as {@code Cautious} does. No for
   * methods that keep account of where their updates led.
   *
   * @return true by default
   */
  public boolean allowsChangedUpdates() {
    return true;
  }

  /**
   * Steps that have to run before or after this updater and that {@code Optim.bind} attaches.
   *
   * @param kind what the variable does
   * @return the steps; none by default
   */
  public List<Regularization> steps(VariableShape.Kind kind) {
    return List.of();
  }

  /**
   * Whether {@code Optim.bind} has to be called.
   *
   * @return true if shapes, values or steps are needed
   */
  public final boolean needsBinding() {
    return needsShapes()
        || needsParameters()
        || !steps(VariableShape.Kind.WEIGHT).isEmpty()
        || !steps(VariableShape.Kind.VECTOR).isEmpty();
  }

  /**
   * A copy that knows its variables. {@code Optim.bind} calls this.
   *
   * @param newBinding the variables
   * @return the bound copy
   */
  public AbstractUpdater bound(Binding newBinding) {
    AbstractUpdater copy = clone();
    copy.binding = newBinding;
    return copy;
  }

  /** Fails if the updater has to be bound and is not. */
  final void requireBound() {
    if (binding == null && needsBinding()) {
      throw new IllegalStateException(
          getClass().getSimpleName()
              + " has to know "
              + (needsShapes() ? "the shapes" : "the values")
              + " of its parameters: pass the built configuration through Optim.bind(configuration)"
              + " before creating the network");
    }
  }

  /** The executor for a step; the tests put another in its place. */
  VectorExecutor executor(Operands operands) {
    return VectorExecutor.of(operands);
  }

  @Override
  public long stateSize(long numParams) {
    requireBound();
    if (!needsShapes()) {
      return layout(numParams).size();
    }
    return reserved(numParams);
  }

  /** Places that any variable of this length may need: the platform asks by length alone. */
  final long reserved(long length) {
    binding.variable(length);
    return binding.getRuns().stream()
        .flatMap(List::stream)
        .filter(v -> v.length() == length)
        .mapToLong(v -> layout(v).size())
        .max()
        .orElseThrow();
  }

  @Override
  public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
    requireBound();
    return new StateUpdater(this, viewArray, initializeViewArray);
  }

  @Override
  public GradientUpdater<?> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    requireBound();
    StateUpdater updater = new StateUpdater(this, null, false);
    updater.setState(updaterState, initializeStateArrays);
    return updater;
  }

  @Override
  public double getLearningRate(int iteration, int epoch) {
    if (!hasLearningRate()) {
      return Double.NaN;
    }
    return learningRateSchedule == null
        ? learningRate
        : learningRateSchedule.valueAt(iteration, epoch);
  }

  @Override
  public boolean hasLearningRate() {
    return true;
  }

  @Override
  public void setLrAndSchedule(double lr, ISchedule lrSchedule) {
    if (!hasLearningRate()) {
      throw new UnsupportedOperationException(
          getClass().getSimpleName() + " has no learning rate to set");
    }
    if (lrSchedule == null) {
      learningRate = Require.rate("learningRate", lr, lr);
    }
    learningRateSchedule = lrSchedule;
  }

  @Override
  public AbstractUpdater clone() {
    try {
      AbstractUpdater copy = (AbstractUpdater) super.clone();
      copy.learningRateSchedule =
          learningRateSchedule == null ? null : learningRateSchedule.clone();
      return copy;
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }
}
