package org.dl4jplus.optim.first.oracle;

import java.util.List;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.tape.Tape;
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
  private final INDArray start;
  private final INDArray plain;
  private final INDArray copy;
  private final GradientState state = new GradientState();
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
    start = parameters.ulike();
    plain = parameters.ulike();
    copy = parameters.ulike();
    optimizer = new ArrayOptimizer(updater, List.of(), parameters);
    turn = new GradientTurn(oracle, state, this::update);
  }

  /** A step of the updater that is taken back, except in its state. */
  private void update(INDArray gradient, INDArray updateOut) {
    copy.assign(parameters);
    optimizer.step(gradient);
    updateOut.assign(copy).subi(parameters);
    parameters.assign(copy);
  }

  /**
   * One iteration.
   *
   * @return the loss at its start
   */
  public double step() {
    start.assign(parameters);
    double loss = oracle.lossAndGradient(start, turn.gradient());
    if (method.recordsLayers()) {
      turn.record(recorded());
    }
    oracle.restore();
    turn.begin(loss, iteration, 0, updater);
    plain.assign(turn.gradient());
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

  private Tape recorded() {
    try {
      return oracle.record(start, null, turn.gradient());
    } catch (UnsupportedOperationException e) {
      // A function without layers.
      return null;
    }
  }

  /**
   * The gradient that the updater got in the last step.
   *
   * @return the array, to be read only
   */
  public INDArray gradient() {
    return turn.gradient();
  }

  /**
   * What the method remembers.
   *
   * @return the live state
   */
  public GradientState state() {
    return state;
  }
}
