package org.dl4jplus.optim.first.surrogate;

import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A few steps of gradient descent on one function, with a fixed step or Armijo's line search.
 *
 * <pre>{@code
 * s = initialStep
 * inner step j = 1 .. innerSteps, until ||g|| <= gradientTolerance:
 *   Armijo: if j > 1: s *= expand
 *           while Q(p - s g) > Q(p) - c s ||g||^2:  s *= backtrack
 *   p -= s g
 * }</pre>
 *
 * <p>The search ends the descent where it stands if it needs more than {@code maxBacktracks} cuts
 * or a step below {@code minStep}. Values and gradients that are not finite count as too high for
 * the search.
 *
 * @param innerSteps most steps, at least 1
 * @param lineSearch the search, or null for steps of a fixed length
 * @param initialStep the fixed step, or the first one that the search tries, above 0
 * @param gradientTolerance norm of the gradient at which to stop, at least 0
 */
public record SurrogateDescent(
    int innerSteps, LineSearch lineSearch, double initialStep, double gradientTolerance) {

  /**
   * Armijo's backtracking.
   *
   * @param c share of the decrease that the gradient promises, in (0, 1)
   * @param backtrack factor of a step that was too long, in (0, 1)
   * @param expand factor of the step from one inner step to the next, at least 1
   * @param maxBacktracks most cuts in one search, at least 1
   * @param minStep shortest step to try, at least 0
   */
  public record LineSearch(
      double c, double backtrack, double expand, int maxBacktracks, double minStep) {}

  /** The function. */
  @FunctionalInterface
  public interface Surrogate {

    /**
     * Value and gradient at a point.
     *
     * @param point where, of shape [n]; not to be changed
     * @param gradientOut takes the gradient, of shape [n]
     * @return the value
     */
    double valueAndGradient(INDArray point, INDArray gradientOut);
  }

  /** Sees each step. */
  @FunctionalInterface
  public interface Observer {

    /**
     * Called after a step.
     *
     * @param value the value before it
     * @param gradient the gradient before it
     * @param step its length in gradients
     * @param point the point after it
     */
    void stepped(double value, INDArray gradient, double step, INDArray point);
  }

  /**
   * Arrays of the size of a point, whose content is of no interest to the caller.
   *
   * @param gradient one
   * @param trial another
   * @param trialGradient a third
   */
  public record Memory(INDArray gradient, INDArray trial, INDArray trialGradient) {}

  /**
   * Descends.
   *
   * @param surrogate the function
   * @param point where to start; holds where it ended afterwards
   * @param startValue the value at the start
   * @param startGradient the gradient at the start; not changed
   * @param memory arrays like the point
   * @param observer sees each step
   * @return whether all was finite: if not, what the point holds is of no use
   */
  public boolean descend(
      Surrogate surrogate,
      INDArray point,
      double startValue,
      INDArray startGradient,
      Memory memory,
      Observer observer) {
    INDArray gradient = memory.gradient().assign(startGradient);
    double value = startValue;
    double step = initialStep;
    boolean known = true;
    for (int j = 0; j < innerSteps; j++) {
      if (!known) {
        value = surrogate.valueAndGradient(point, gradient);
      }
      double square = GradientTurn.dot(gradient, gradient);
      if (!Double.isFinite(value) || !Double.isFinite(square)) {
        return false;
      }
      if (Math.sqrt(square) <= gradientTolerance) {
        return true;
      }
      if (lineSearch == null) {
        GradientTurn.axpy(point, -step, gradient, point);
        observer.stepped(value, gradient, step, point);
        known = false;
        continue;
      }
      step *= j == 0 ? 1 : lineSearch.expand();
      int cuts = 0;
      GradientTurn.axpy(point, -step, gradient, memory.trial());
      double next = surrogate.valueAndGradient(memory.trial(), memory.trialGradient());
      while (!(next <= value - lineSearch.c() * step * square)) {
        step *= lineSearch.backtrack();
        if (++cuts > lineSearch.maxBacktracks() || step < lineSearch.minStep()) {
          return true;
        }
        GradientTurn.axpy(point, -step, gradient, memory.trial());
        next = surrogate.valueAndGradient(memory.trial(), memory.trialGradient());
      }
      point.assign(memory.trial());
      observer.stepped(value, gradient, step, point);
      gradient.assign(memory.trialGradient());
      value = next;
    }
    return true;
  }
}
