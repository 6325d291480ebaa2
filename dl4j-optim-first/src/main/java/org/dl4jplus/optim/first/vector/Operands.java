package org.dl4jplus.optim.first.vector;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The arrays that a rule runs over, all of one length and data type. */
public final class Operands {

  private final INDArray gradient;
  private final List<INDArray> parameters;
  private final List<INDArray> states;
  // Opening an array's memory costs as much as a small step: done once for those that stay.
  private Memory[] stateMemory;

  /**
   * Names the arrays.
   *
   * @param gradient gradient in, update out
   * @param parameters parameter values in the order of the gradient, in as many pieces as there are
   *     variables; null if the rule does without
   * @param states state vectors
   */
  public Operands(INDArray gradient, List<INDArray> parameters, List<INDArray> states) {
    this.gradient = gradient;
    this.parameters = parameters;
    this.states = states;
  }

  /**
   * The same states with another step's gradient and parameters.
   *
   * @param newGradient gradient in, update out
   * @param newParameters parameter values, or null
   * @return the operands
   */
  public Operands with(INDArray newGradient, List<INDArray> newParameters) {
    Operands other = new Operands(newGradient, newParameters, states);
    other.stateMemory = stateMemory;
    return other;
  }

  INDArray gradient() {
    return gradient;
  }

  List<INDArray> parameters() {
    return parameters;
  }

  List<INDArray> states() {
    return states;
  }

  /** Opens the states' memory, for this and all operands made from it. */
  public void open() {
    if (states.stream().allMatch(VectorExecutor::isReadable)) {
      stateMemory();
    }
  }

  Memory[] stateMemory() {
    if (stateMemory == null) {
      stateMemory = states.stream().map(Memory::of).toArray(Memory[]::new);
    }
    return stateMemory;
  }
}
