package org.dl4jplus.optim.first.updater;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Scalars;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * One step of one updater on the parameters it serves: a whole block for an elementwise method, one
 * variable for a shape-aware one. A method turns the gradient into the update {@code u} of {@code p
 * <- p - u}, in place.
 */
public final class Step {

  private final AbstractUpdater config;
  private final VariableShape shape;
  private final List<INDArray> vectors;
  private final Operands states;
  private final Scalars scalars;
  private final long start;
  private final long length;
  private Object attachment;

  private INDArray gradient;
  private List<INDArray> parameters;
  private Operands operands;
  private VectorExecutor executor;
  private int iteration;
  private int epoch;
  private double learningRate;
  private long t;

  /**
   * Cuts the state.
   *
   * @param config the updater
   * @param shape the variable, or null for a block
   * @param state this step's part of the state view
   * @param start first parameter in the block
   * @param length number of parameters
   */
  Step(AbstractUpdater config, VariableShape shape, INDArray state, long start, long length) {
    this.config = config;
    this.shape = shape;
    this.start = start;
    this.length = length;
    StateLayout layout = shape == null ? config.layout(length) : config.layout(shape);
    vectors = new ArrayList<>();
    for (int i = 0; i < layout.vectors(); i++) {
      vectors.add(slice(state, layout.offset(i), layout.length(i)));
    }
    states =
        new Operands(
            null,
            null,
            vectors.stream().takeWhile(v -> v != null && v.length() == length).toList());
    states.open();
    long end = layout.offset(layout.vectors());
    scalars = new Scalars(slice(state, end, layout.size() - end));
  }

  static INDArray slice(INDArray flat, long from, long count) {
    return count == 0 ? null : flat.get(NDArrayIndex.interval(from, from + count));
  }

  /** Takes one step on this part of the block. */
  void run(
      INDArray block, List<INDArray> blockParameters, int newIteration, int newEpoch, double rate) {
    iteration = newIteration;
    epoch = newEpoch;
    learningRate = rate;
    t = Math.round(scalars.get(0)) + 1;
    with(block, blockParameters == null ? null : cut(blockParameters), config::step);
    scalars.set(0, t);
  }

  /** Shows the state, with an array of the block's length in the place of the gradient. */
  void visit(INDArray block, Consumer<Step> visitor) {
    t = Math.round(scalars.get(0));
    with(block, null, visitor);
  }

  private void with(INDArray block, List<INDArray> values, Consumer<Step> use) {
    gradient = block.length() == length ? block : slice(block, start, length);
    parameters = values;
    operands = states.with(gradient, parameters);
    executor = config.executor(operands);
    try {
      use.accept(this);
    } finally {
      gradient = null;
      parameters = null;
      operands = null;
    }
  }

  /** The pieces of the block's parameters that belong to this part. */
  private List<INDArray> cut(List<INDArray> pieces) {
    if (shape == null) {
      return pieces;
    }
    long offset = 0;
    for (INDArray piece : pieces) {
      if (offset == start && piece.length() == length) {
        return List.of(piece);
      }
      offset += piece.length();
    }
    throw new IllegalStateException(
        "The parameter values of "
            + shape.getName()
            + " did not reach the updater as one variable");
  }

  /**
   * Steps taken with this state, this one included: 1, 2, ... Unlike the network's iteration it
   * restarts with the state.
   *
   * @return the step number
   */
  public long t() {
    return t;
  }

  /**
   * Learning rate of this step.
   *
   * @return the rate by constant or schedule; not a number for methods without one
   */
  public double learningRate() {
    return learningRate;
  }

  /**
   * The network's iteration, from 0.
   *
   * @return the iteration
   */
  public int iteration() {
    return iteration;
  }

  /**
   * The network's epoch, from 0.
   *
   * @return the epoch
   */
  public int epoch() {
    return epoch;
  }

  /**
   * Number of parameters in this step.
   *
   * @return the count
   */
  public long length() {
    return length;
  }

  /**
   * The variable.
   *
   * @return its shape; null for a whole block
   */
  public VariableShape shape() {
    return shape;
  }

  /**
   * Bias correction of an average with weight {@code beta}: 1 - beta^t.
   *
   * @param beta weight that is kept
   * @return the correction of this step
   */
  public double correction(double beta) {
    return 1 - Math.pow(beta, t);
  }

  /**
   * Applies an elementwise rule to the whole step; see {@link VectorExecutor#forEach}. State
   * vectors with as many entries as there are parameters can be used; they have to be declared
   * before those of another length.
   *
   * @param rule the rule
   */
  public void forEach(Consumer<Lane> rule) {
    executor.forEach(rule, operands);
  }

  /**
   * Sums a quantity over the whole step; see {@link VectorExecutor#sum}.
   *
   * @param quantity what a stretch contributes
   * @return the sum
   */
  public double sum(ToDoubleFunction<Lane> quantity) {
    return executor.sum(quantity, operands);
  }

  /**
   * Sums several quantities in one pass; see {@link VectorExecutor#sums}.
   *
   * @param count how many
   * @param quantities fills in what a stretch contributes to each
   * @return the sums
   */
  public double[] sums(int count, BiConsumer<Lane, double[]> quantities) {
    return executor.sums(count, quantities, operands);
  }

  /**
   * The gradient, flat; what it holds at the end is the update.
   *
   * @return the live array
   */
  public INDArray gradient() {
    return gradient;
  }

  /**
   * The gradient as the variable's matrix.
   *
   * @return a live view of shape [rows, columns]
   */
  public INDArray gradientMatrix() {
    return gradient.reshape('c', new long[] {shape.rows(), shape.columns()});
  }

  /**
   * The parameter values, flat. Only for reading.
   *
   * @return the values of this step's parameters
   */
  public INDArray parameters() {
    if (parameters.size() == 1) {
      return parameters.get(0).reshape(length);
    }
    return Nd4j.concat(
        0, parameters.stream().map(p -> p.reshape(p.length())).toArray(INDArray[]::new));
  }

  /**
   * A state vector.
   *
   * @param vector its position in the layout
   * @return the live array, flat; null if it has no entries
   */
  public INDArray state(int vector) {
    return vectors.get(vector);
  }

  /**
   * A state vector as a matrix.
   *
   * @param vector its position in the layout
   * @param rows rows
   * @param columns columns
   * @return a live view, row-major
   */
  public INDArray state(int vector, long rows, long columns) {
    return vectors.get(vector).reshape('c', new long[] {rows, columns});
  }

  /**
   * A state scalar.
   *
   * @param index which one, from 0
   * @return its value; 0 before it is first set
   */
  public double scalar(int index) {
    return scalars.get(index + 1);
  }

  /**
   * Sets a state scalar.
   *
   * @param index which one, from 0
   * @param value its value
   */
  public void scalar(int index, double value) {
    scalars.set(index + 1, value);
  }

  /**
   * An object that lives as long as the updater does in memory and can be made again from the state
   * at any time.
   *
   * @param <T> its type
   * @param make makes it
   * @return the object
   */
  @SuppressWarnings("unchecked")
  public <T> T attached(Supplier<T> make) {
    if (attachment == null) {
      attachment = make.get();
    }
    return (T) attachment;
  }
}
