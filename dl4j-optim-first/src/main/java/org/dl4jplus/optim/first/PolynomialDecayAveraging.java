package org.dl4jplus.optim.first;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Averages the iterates of a run with weights that grow polynomially, so that the start is
 * forgotten: {@code avg <- (1-c)*avg + c*x_t} with {@code c = (gamma+1)/(gamma+t)}, t = 1, 2, ...
 * It is part of {@link DoG}'s method and serves any updater.
 *
 * <pre>{@code
 * PolynomialDecayAveraging averaging = new PolynomialDecayAveraging();
 * net.addListeners(averaging);
 * net.fit(data, epochs);
 * net.setParams(averaging.averagedParams());
 * }</pre>
 *
 * <p>The average is not saved with the model: keep {@link #averagedParams()} and {@link
 * #getSteps()} beside it and hand them to {@link #resume}.
 *
 * <p>O. Shamir, T. Zhang: "Stochastic Gradient Descent for Non-smooth Optimization: Convergence
 * Results and Optimal Averaging Schemes", arXiv 1212.1824 (2012).
 */
public final class PolynomialDecayAveraging extends BaseTrainingListener {

  private final double gamma;
  private INDArray average;
  private long steps;

  /** Averaging with gamma 8. */
  public PolynomialDecayAveraging() {
    this(8);
  }

  /**
   * Averaging with another weight.
   *
   * @param gamma at least 0; 0 is the plain mean
   */
  public PolynomialDecayAveraging(double gamma) {
    this.gamma = Require.nonNegative("gamma", gamma, 8);
  }

  @Override
  public void iterationDone(Model model, int iteration, int epoch) {
    update(model.params());
  }

  /**
   * Takes the next iterate; for loops without a network.
   *
   * @param parameters the iterate; not changed
   */
  public synchronized void update(INDArray parameters) {
    steps++;
    if (average == null) {
      average = parameters.dup().detach();
    } else {
      average.addi(parameters.sub(average).muli((gamma + 1) / (gamma + steps)));
    }
  }

  /**
   * The average.
   *
   * @return a copy in the layout of the parameters
   * @throws IllegalStateException before the first iterate
   */
  public synchronized INDArray averagedParams() {
    if (average == null) {
      throw new IllegalStateException("Nothing to average yet: no iteration has been seen");
    }
    return average.dup();
  }

  /**
   * Number of iterates seen.
   *
   * @return the count
   */
  public synchronized long getSteps() {
    return steps;
  }

  /**
   * Goes on from an earlier average.
   *
   * @param earlier what {@link #averagedParams()} gave
   * @param count what {@link #getSteps()} gave
   */
  public synchronized void resume(INDArray earlier, long count) {
    average = earlier.dup().detach();
    steps = count;
  }
}
