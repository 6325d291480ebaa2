package org.dl4jplus.optim.first.updater;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Base of the steps that change the update of one variable with its parameter values in view. They
 * run after the updater unless they say otherwise, keep no state and add nothing to the score.
 */
public abstract class ParameterStep implements Regularization {

  /** For the steps. */
  protected ParameterStep() {}

  @Override
  public ApplyStep applyStep() {
    return ApplyStep.POST_UPDATER;
  }

  @Override
  public double score(INDArray param, int iteration, int epoch) {
    return 0;
  }

  /**
   * Steps are immutable.
   *
   * @return this
   */
  @Override
  public final Regularization clone() {
    return this;
  }

  /**
   * Applies an elementwise rule; the lane's gradient is the update.
   *
   * @param update array to change
   * @param parameters parameter values, same shape
   * @param rule the rule
   */
  protected static void forEach(INDArray update, INDArray parameters, Consumer<Lane> rule) {
    Operands operands = new Operands(update, List.of(parameters), List.of());
    VectorExecutor.of(operands).forEach(rule, operands);
  }

  /**
   * Sums a quantity; the lane's gradient is the update.
   *
   * @param update the update
   * @param parameters parameter values, same shape
   * @param quantity what a stretch contributes
   * @return the sum
   */
  protected static double sum(
      INDArray update, INDArray parameters, ToDoubleFunction<Lane> quantity) {
    Operands operands = new Operands(update, List.of(parameters), List.of());
    return VectorExecutor.of(operands).sum(quantity, operands);
  }
}
