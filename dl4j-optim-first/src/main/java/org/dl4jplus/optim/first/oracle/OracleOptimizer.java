package org.dl4jplus.optim.first.oracle;

import java.util.List;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Minimises a plain function with a {@link GradientListener}'s method and any updater: what a
 * network does in {@code fit}, without a network.
 */
public final class OracleOptimizer {

  private final GradientListener method;
  private final GradientOracle oracle;
  private final IUpdater updater;
  private final ArrayOptimizer optimizer;
  private final INDArray parameters;
  private final INDArray copy;
  private final INDArray plain;
  private final GradientTurn turn;
  private int iteration;

  /**
   * Creates an optimizer.
   *
   * @param method what replaces the gradient
   * @param updater what makes a step of it
   * @param oracle the function; its parameters are changed in place
   */
  public OracleOptimizer(GradientListener method, IUpdater updater, GradientOracle oracle) {
    this.method = method;
    this.oracle = oracle;
    this.updater = updater;
    parameters = oracle.parameters();
    copy = parameters.dup();
    optimizer = new ArrayOptimizer(updater, List.of(), parameters);
    turn = new GradientTurn(oracle, new GradientState());
    plain = turn.gradient().ulike();
  }

  /**
   * One iteration.
   *
   * @return the loss at its start
   */
  public double step() {
    copy.assign(parameters);
    double loss = oracle.lossAndGradient(copy, turn.gradient());
    oracle.restore();
    plain.assign(turn.gradient());
    turn.begin(
        loss,
        iteration,
        0,
        updater.hasLearningRate() ? updater.getLearningRate(iteration, 0) : Double.NaN);
    if (method.run(turn)) {
      optimizer.step(turn.gradient().dup());
      if (method.changesParameters()) {
        method.afterUpdate(turn, parameters);
      }
    } else {
      turn.gradient().assign(plain);
      optimizer.step(plain);
    }
    iteration++;
    return loss;
  }

  /**
   * The gradient that the updater got in the last step.
   *
   * @return the array, to be read only
   */
  public INDArray gradient() {
    return turn.gradient();
  }
}
