package org.dl4jplus.optim.first.updater;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/**
 * Runs an {@link AbstractUpdater} on one block. All it remembers between steps lies in the state
 * view, so what is saved with the model is all there is.
 */
public final class StateUpdater implements GradientUpdater<AbstractUpdater> {

  /** The one key of {@link #getState()}: the whole view. */
  public static final String STATE = "state";

  private final AbstractUpdater config;
  private INDArray view;
  // Cut at the first step: only then is the length of the block known.
  private List<Step> steps;

  StateUpdater(AbstractUpdater config, INDArray view, boolean initialize) {
    this.config = config;
    use(view, initialize);
  }

  private void use(INDArray newView, boolean initialize) {
    view = newView == null ? null : newView.reshape(newView.length());
    steps = null;
    if (view != null && initialize) {
      view.assign(0);
    }
  }

  @Override
  public AbstractUpdater getConfig() {
    return config;
  }

  /**
   * The state as one array.
   *
   * @return the live view under the key {@link #STATE}
   */
  @Override
  public Map<String, INDArray> getState() {
    return view == null ? Map.of() : Map.of(STATE, view);
  }

  @Override
  public void setState(Map<String, INDArray> stateMap, boolean initialize) {
    INDArray state = stateMap.get(STATE);
    if (state == null || stateMap.size() != 1) {
      throw new IllegalStateException(
          "The state of "
              + config.getClass().getSimpleName()
              + " is one array under the key '"
              + STATE
              + "', got "
              + stateMap.keySet());
    }
    use(state, initialize);
  }

  @Override
  public void setStateViewArray(
      INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
    use(viewArray, initialize);
  }

  /** The steps of this block's parts: one for the block, or one for each variable. */
  private List<Step> steps(INDArray gradient) {
    if (steps == null) {
      if (view == null) {
        throw new IllegalStateException(
            config.getClass().getSimpleName() + " was given no state array");
      }
      List<Step> cut = new ArrayList<>();
      long used = 0;
      if (config.needsShapes()) {
        long start = 0;
        for (VariableShape shape : config.getBinding().run(gradient)) {
          long size = config.reserved(shape.length());
          require(used + size);
          cut.add(new Step(config, shape, Step.slice(view, used, size), start, shape.length()));
          start += shape.length();
          used += size;
        }
      } else {
        require(config.layout(gradient.length()).size());
        cut.add(new Step(config, null, view, 0, gradient.length()));
      }
      steps = cut;
    }
    return steps;
  }

  private void requireSupported(DataType type) {
    if (type != DataType.FLOAT && type != DataType.DOUBLE) {
      throw new IllegalStateException(
          config.getClass().getSimpleName()
              + " works in FLOAT and DOUBLE networks, not in "
              + type);
    }
  }

  private void require(long size) {
    if (view.length() < size) {
      throw new IllegalStateException(
          "The state of "
              + config.getClass().getSimpleName()
              + " has "
              + view.length()
              + " entries where at least "
              + size
              + " are needed; was it saved with another configuration?");
    }
  }

  @Override
  public void applyUpdater(INDArray gradient, int iteration, int epoch) {
    config.requireBound();
    requireSupported(gradient.dataType());
    List<INDArray> parameters =
        config.needsParameters()
            ? ParameterTap.take(gradient.length(), config).stream().map(this::flatten).toList()
            : null;
    INDArray flat = flatten(gradient);
    if (FinitenessCheck.finite(flat)) {
      double rate = config.getLearningRate(iteration, epoch);
      if (config.hasLearningRate() && !(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
        throw new IllegalStateException(
            "learningRateSchedule must give finite rates of at least 0, got "
                + rate
                + " at iteration "
                + iteration
                + ", epoch "
                + epoch);
      }
      for (Step step : steps(gradient)) {
        step.run(flat, parameters, iteration, epoch, rate);
      }
    } else {
      FinitenessCheck.reject(flat);
    }
    if (!inPlace(gradient)) {
      gradient.assign(flat.reshape(order(), gradient.shape()));
    }
  }

  /**
   * Turns parameters where gradients are taken into those to be evaluated.
   *
   * @param parameters a copy of this block's parameters, flat; changed in place
   */
  public void toAveraged(INDArray parameters) {
    visit(parameters, config::toAveraged);
  }

  /**
   * Shows the state without taking a step.
   *
   * @param parameters this block's parameters, flat; they stand in the place of the gradient
   * @param visitor called for each part of the block, with {@code t()} the number of steps taken
   */
  public void visit(INDArray parameters, Consumer<Step> visitor) {
    for (Step step : steps(parameters)) {
      step.visit(parameters, visitor);
    }
  }

  /**
   * Networks hand over flat views. SameDiff hands over the variable's own shape, weights as [in,
   * out]: read in 'f' order that is a row-major [out, in] matrix, as everywhere else.
   */
  private INDArray flatten(INDArray array) {
    if (array.rank() == 1) {
      // Making a view costs as much as a small step.
      return array;
    }
    return (inPlace(array) ? array : array.dup(order()))
        .reshape(order(), new long[] {array.length()});
  }

  private boolean inPlace(INDArray array) {
    return array.rank() <= 1 || array.ordering() == order() && array.elementWiseStride() == 1;
  }

  private char order() {
    return config.needsShapes() ? 'f' : 'c';
  }
}
