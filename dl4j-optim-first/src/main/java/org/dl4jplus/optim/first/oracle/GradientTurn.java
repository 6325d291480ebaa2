package org.dl4jplus.optim.first.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * One iteration as a {@link GradientListener}'s method sees it: the point, its gradient, more
 * gradients for the asking, and memory. All vectors have shape [n] and hold the trainable
 * parameters only; gradients are those of the mean loss.
 */
public final class GradientTurn {

  private final GradientOracle oracle;
  private final GradientState state;
  private final BiConsumer<INDArray, INDArray> updater;
  private final List<INDArray> scratch = new ArrayList<>();
  private INDArray rows;
  private INDArray gradient;
  private double loss;
  private int iteration;
  private int epoch;
  private double learningRate;
  private IUpdater updaterConfiguration;
  private boolean finite;
  private Tape tape;

  GradientTurn(GradientOracle oracle, GradientState state, BiConsumer<INDArray, INDArray> updater) {
    this.oracle = oracle;
    this.state = state;
    this.updater = updater;
  }

  /** Before {@link #begin}. */
  void record(Tape newTape) {
    tape = newTape;
  }

  void begin(double newLoss, int newIteration, int newEpoch, IUpdater newUpdater) {
    loss = newLoss;
    iteration = newIteration;
    epoch = newEpoch;
    updaterConfiguration = newUpdater;
    learningRate =
        newUpdater != null && newUpdater.hasLearningRate()
            ? newUpdater.getLearningRate(iteration, epoch)
            : Double.NaN;
    finite = true;
  }

  /**
   * The parameters at which the step starts.
   *
   * @return the live array: the method must not change it, and finds it unchanged only before its
   *     first {@link #evaluate}; copy it to evaluate somewhere else later
   */
  public INDArray parameters() {
    return oracle.parameters();
  }

  /**
   * The gradient at the start; a method leaves in it what the updater is to get.
   *
   * @return the array to change
   */
  public INDArray gradient() {
    if (gradient == null) {
      gradient = newVector();
    }
    return gradient;
  }

  /**
   * The loss at the start.
   *
   * @return the mean loss of the batch; a network adds its L1/L2 terms
   */
  public double loss() {
    return loss;
  }

  /**
   * What the layers saw in the pass that made the gradient at the start.
   *
   * @return valid in this turn only; null on a function without layers, and for a method that does
   *     not ask for it by {@link GradientListener#recordsLayers()}
   */
  public Tape tape() {
    return tape;
  }

  /**
   * Asks for another gradient on the same batch. The caller need not move anything back.
   *
   * @param point where; not changed, and not the array of {@link #parameters()} once moved
   * @param gradientOut takes the gradient
   * @return the loss there
   */
  public double evaluate(INDArray point, INDArray gradientOut) {
    double value = oracle.lossAndGradient(point, gradientOut);
    finite &= Double.isFinite(value) && Double.isFinite(dot(gradientOut, gradientOut));
    return value;
  }

  /**
   * Whether all that {@link #evaluate} has returned in this turn is finite. If not, the step will
   * be a plain one whatever the method leaves: it asks before it changes what it remembers.
   *
   * @return true at first
   */
  public boolean finite() {
    return finite;
  }

  /**
   * What the updater makes of a gradient at the start of the step. Its state moves on as in a step
   * of its own; a network's clipping of gradients is left out.
   *
   * @param gradientOfMean a gradient; not changed
   * @param updateOut takes what would be subtracted from the parameters
   */
  public void update(INDArray gradientOfMean, INDArray updateOut) {
    updater.accept(gradientOfMean, updateOut);
  }

  /**
   * Brings a point to where the parameters may be: a network's constraints, which the platform
   * applies to the parameters after each step.
   *
   * @param point of shape [n], changed in place; not the array of {@link #parameters()}
   */
  public void project(INDArray point) {
    oracle.project(point);
  }

  /**
   * Behind it all.
   *
   * @return what is asked
   */
  public GradientOracle oracle() {
    return oracle;
  }

  /**
   * Memory for this turn, kept for the next ones: its content at the start is undefined.
   *
   * @param index 0, 1, ..
   * @return an array of shape [n]
   */
  public INDArray scratch(int index) {
    while (scratch.size() <= index) {
      scratch.add(newVector());
    }
    return scratch.get(index);
  }

  /**
   * Memory for several vectors of this turn, kept for the next ones: its content at the start is
   * undefined.
   *
   * @param count number of vectors
   * @return an array of shape [count, n]
   */
  public INDArray scratchRows(int count) {
    if (rows == null || rows.size(0) < count) {
      rows = Nd4j.create(oracle.parameters().dataType(), count, oracle.size());
    }
    return rows.size(0) == count
        ? rows
        : rows.get(NDArrayIndex.interval(0, count), NDArrayIndex.all());
  }

  /**
   * Memory that lasts from step to step and is saved with the method's state.
   *
   * @param index 0, 1, ..
   * @return an array of shape [n], zero at first
   */
  public INDArray state(int index) {
    return state.vector(index, this::newVector);
  }

  /**
   * A matrix that lasts from step to step and is saved with the method's state.
   *
   * @param index 0, 1, ..
   * @param rows its rows
   * @param columns its columns
   * @return an array of the parameters' type in row-major order, zero at first
   * @throws IllegalStateException if it has another shape, as in another network's state
   */
  public INDArray matrix(int index, long rows, long columns) {
    INDArray matrix =
        state.matrix(index, () -> Nd4j.create(oracle.parameters().dataType(), rows, columns));
    if (matrix.size(0) != rows || matrix.size(1) != columns) {
      throw new IllegalStateException(
          String.format(
              "Matrix %d of the state is %d x %d, the network needs %d x %d",
              index, matrix.size(0), matrix.size(1), rows, columns));
    }
    return matrix;
  }

  /** Lets go of all matrices: they are zero again when they are next asked for. */
  public void forgetMatrices() {
    state.forgetMatrices();
  }

  /**
   * A number that lasts from step to step.
   *
   * @param index 0, 1, ..
   * @return its value, 0 at first
   */
  public double scalar(int index) {
    return state.scalar(index);
  }

  /**
   * Sets a number that lasts.
   *
   * @param index 0, 1, ..
   * @param value its value
   */
  public void setScalar(int index, double value) {
    state.setScalar(index, value);
  }

  /**
   * The iteration, from 0, as the network counts it.
   *
   * @return the count
   */
  public int iteration() {
    return iteration;
  }

  /**
   * The epoch, from 0.
   *
   * @return the count
   */
  public int epoch() {
    return epoch;
  }

  /**
   * The updater's learning rate in this iteration; that of the first layer where they differ.
   *
   * @return the rate, NaN for an updater that has none
   */
  public double learningRate() {
    return learningRate;
  }

  /**
   * The updater that makes the step; the first one where there are several.
   *
   * @return its configuration; null where nothing is trained
   */
  public IUpdater updaterConfiguration() {
    return updaterConfiguration;
  }

  /**
   * Inner product, accumulated in double precision.
   *
   * @param x a vector
   * @param y a vector
   * @return the sum of the products
   */
  public static double dot(INDArray x, INDArray y) {
    Operands operands = new Operands(x, null, List.of(y));
    return VectorExecutor.of(operands).sum(lane -> lane.gradient().dot(lane.state(0)), operands);
  }

  /**
   * Euclidean norm, accumulated in double precision.
   *
   * @param x a vector
   * @return the norm
   */
  public static double norm(INDArray x) {
    return Math.sqrt(dot(x, x));
  }

  /**
   * y + a x in one pass.
   *
   * @param y a vector
   * @param a a factor
   * @param x a vector
   * @param out takes the sum; may be x or y
   * @return out
   */
  public static INDArray axpy(INDArray y, double a, INDArray x, INDArray out) {
    Operands operands = new Operands(out, null, List.of(y, x));
    VectorExecutor.of(operands)
        .forEach(lane -> lane.gradient().blend(1, lane.state(0), a, lane.state(1)), operands);
    return out;
  }

  private INDArray newVector() {
    return Nd4j.create(oracle.parameters().dataType(), oracle.size());
  }
}
