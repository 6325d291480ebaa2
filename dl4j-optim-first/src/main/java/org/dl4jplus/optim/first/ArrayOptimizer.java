package org.dl4jplus.optim.first;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.binding.Binder;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.Regularization.ApplyStep;

/**
 * Any updater, the platform's included, on plain arrays without a network: for custom training
 * loops.
 *
 * <pre>{@code
 * INDArray w = Nd4j.rand(DataType.DOUBLE, 3, 2);
 * ArrayOptimizer optimizer = new ArrayOptimizer(new Muon(0.02), List.of(), w);
 * optimizer.step(gradientAt(w));      // changes w
 * }</pre>
 *
 * <p>The parameters form one block, as neighbouring variables of a network with equal updaters do,
 * and each step runs in the network's order: steps before the updater, the updater, steps after it,
 * subtraction. Updaters that need shapes or values are bound to the arrays. An array's memory
 * decides what is a row: 'c'-order arrays are read as {@code [out, ...]}, 'f'-order ones as {@code
 * [in, out]}; arrays with one dimension are vectors.
 */
public final class ArrayOptimizer {

  private final IUpdater updater;
  private final GradientUpdater<?> gradientUpdater;
  private final List<Regularization> steps;
  private final List<INDArray> parameters;
  private final INDArray state;
  private final INDArray block;
  private final List<INDArray> updates;
  private int iteration;

  /**
   * Creates an optimizer with fresh state.
   *
   * @param updater the updater
   * @param regularizations steps before and after the updater, in order; may be empty
   * @param parameters the arrays to change, of one floating-point type; they are changed in place
   * @throws IllegalArgumentException if there are no parameters or their types differ
   */
  public ArrayOptimizer(
      IUpdater updater, List<? extends Regularization> regularizations, INDArray... parameters) {
    if (parameters.length == 0) {
      throw new IllegalArgumentException("parameters must not be empty");
    }
    for (INDArray parameter : parameters) {
      if (parameter.dataType() != parameters[0].dataType()) {
        throw new IllegalArgumentException(
            "parameters must have one data type, got "
                + parameters[0].dataType()
                + " and "
                + parameter.dataType());
      }
    }
    this.parameters = List.of(parameters);
    this.updater = bound(updater, this.parameters);
    steps = Binder.withSteps(List.copyOf(regularizations), updater, Kind.WEIGHT);
    long length = this.parameters.stream().mapToLong(INDArray::length).sum();
    block = Nd4j.create(parameters[0].dataType(), length);
    updates = new ArrayList<>();
    long start = 0;
    long stateSize = 0;
    for (INDArray parameter : parameters) {
      updates.add(block.get(NDArrayIndex.interval(start, start + parameter.length())));
      start += parameter.length();
      stateSize += this.updater.stateSize(parameter.length());
    }
    state = stateSize == 0 ? null : Nd4j.create(parameters[0].dataType(), stateSize);
    // As a row: releases before M2 know no other form.
    gradientUpdater =
        this.updater.instantiate(state == null ? null : state.reshape(1, stateSize), true);
  }

  private static IUpdater bound(IUpdater updater, List<INDArray> parameters) {
    if (!(updater instanceof AbstractUpdater own) || !own.needsBinding()) {
      return updater;
    }
    List<VariableShape> run =
        IntStream.range(0, parameters.size())
            .mapToObj(
                i -> {
                  INDArray p = parameters.get(i);
                  return VariableShape.of(
                      "parameter" + i,
                      p.shape(),
                      p.ordering(),
                      p.rank() > 1 ? Kind.WEIGHT : Kind.VECTOR);
                })
            .toList();
    return Binder.bind(own, "arrays", List.of(run));
  }

  /**
   * Takes one step: {@code p <- p - u(gradient)} for every array.
   *
   * @param gradients one gradient for each array, of its shape; not changed
   * @throws IllegalArgumentException if number or shapes do not fit
   */
  public void step(INDArray... gradients) {
    step(iteration, 0, gradients);
  }

  /**
   * Takes one step at a given iteration and epoch, for learning-rate schedules.
   *
   * @param atIteration iteration, from 0; the next call of {@link #step(INDArray...)} goes on from
   *     here
   * @param epoch epoch, from 0
   * @param gradients one gradient for each array, of its shape; not changed
   * @throws IllegalArgumentException if number or shapes do not fit
   */
  public void step(int atIteration, int epoch, INDArray... gradients) {
    if (gradients.length != parameters.size()) {
      throw new IllegalArgumentException(
          "gradients must be " + parameters.size() + " arrays, got " + gradients.length);
    }
    List<INDArray> views = new ArrayList<>();
    for (int i = 0; i < gradients.length; i++) {
      INDArray parameter = parameters.get(i);
      if (!java.util.Arrays.equals(gradients[i].shape(), parameter.shape())) {
        throw new IllegalArgumentException(
            "gradients["
                + i
                + "] must have shape "
                + java.util.Arrays.toString(parameter.shape())
                + ", got "
                + java.util.Arrays.toString(gradients[i].shape()));
      }
      updates.get(i).reshape(parameter.ordering(), parameter.shape()).assign(gradients[i]);
      views.add(flat(parameter));
    }
    double lr = updater.hasLearningRate() ? updater.getLearningRate(atIteration, epoch) : 1.0;
    apply(ApplyStep.BEFORE_UPDATER, views, lr, atIteration, epoch);
    gradientUpdater.applyUpdater(block, atIteration, epoch);
    apply(ApplyStep.POST_UPDATER, views, lr, atIteration, epoch);
    for (int i = 0; i < gradients.length; i++) {
      INDArray parameter = parameters.get(i);
      parameter.subi(updates.get(i).reshape(parameter.ordering(), parameter.shape()));
    }
    iteration = atIteration + 1;
  }

  private void apply(ApplyStep when, List<INDArray> views, double lr, int atIteration, int epoch) {
    for (int i = 0; i < views.size(); i++) {
      for (Regularization step : steps) {
        if (step.applyStep() == when) {
          step.apply(views.get(i), updates.get(i), lr, atIteration, epoch);
        }
      }
    }
  }

  /** The array's numbers in the order of its memory; a copy if it is strided. */
  private static INDArray flat(INDArray array) {
    INDArray dense =
        array.rank() <= 1 || array.elementWiseStride() == 1 ? array : array.dup(array.ordering());
    return dense.reshape(dense.ordering(), new long[] {dense.length()});
  }

  /**
   * The updater's state, to be saved with the parameters. Copying a saved state into it with {@code
   * assign}, together with {@link #setIteration}, resumes the run.
   *
   * @return the live array; null if the updater has none
   */
  public INDArray state() {
    return state;
  }

  /** A copy of the parameters, one array after the other. */
  INDArray flatParameters() {
    return Nd4j.concat(0, parameters.stream().map(p -> flat(p).dup()).toArray(INDArray[]::new));
  }

  /**
   * The updater that runs on the arrays.
   *
   * @return the platform's object
   */
  public GradientUpdater<?> gradientUpdater() {
    return gradientUpdater;
  }

  /**
   * Number of steps taken.
   *
   * @return the iteration that the next step will have
   */
  public int getIteration() {
    return iteration;
  }

  /**
   * Sets the iteration of the next step, when a run is resumed.
   *
   * @param iteration iteration, at least 0
   */
  public void setIteration(int iteration) {
    this.iteration = iteration;
  }
}
