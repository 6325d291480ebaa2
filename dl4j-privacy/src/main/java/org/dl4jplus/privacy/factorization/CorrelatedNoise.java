package org.dl4jplus.privacy.factorization;

import org.dl4jplus.optim.first.updater.Require;

/**
 * The correlated noise of a run, one step after the other: {@code (C^-1 Z)_t}, not yet multiplied
 * by {@code sigma sens clipNorm}. Each step's noise is for one release: two releases under one
 * noise differ by what they should hide.
 */
public abstract class CorrelatedNoise {

  private final int steps;
  private final int dimension;
  private int step;

  /**
   * At the first step.
   *
   * @param steps how many there are
   * @param dimension of a gradient, at least 1
   */
  CorrelatedNoise(int steps, int dimension) {
    this.steps = steps;
    this.dimension = Require.atLeast("dimension", dimension, 1, 1);
  }

  /**
   * The noise of the next step.
   *
   * @param out takes it, all of it
   * @throws IllegalStateException after the last step: noise exhausted
   * @throws IllegalArgumentException for another length than the gradient's
   */
  public final void next(double[] out) {
    if (step == steps) {
      throw new IllegalStateException(
          "noise exhausted: the factorization is for " + steps + " steps, and all are released");
    }
    Require.check(out.length == dimension, "out.length", out.length, "" + dimension);
    draw(step++, out);
  }

  /**
   * Passes over steps, as if their noise had been drawn.
   *
   * @param to the step that comes next, not below {@link #step()} and at most the number of steps
   * @throws IllegalArgumentException out of that range
   */
  public final void skip(int to) {
    Require.check(to >= step && to <= steps, "to", to, "in [" + step + ", " + steps + "]");
    pass(step, to);
    step = to;
  }

  /**
   * Which step comes next.
   *
   * @return from 0 to the number of steps
   */
  public final int step() {
    return step;
  }

  /**
   * Which length a gradient has.
   *
   * @return at least 1
   */
  final int dimension() {
    return dimension;
  }

  /** The noise of a step; they are asked for in order. */
  abstract void draw(int t, double[] out);

  /** Makes the step {@code to} the next one; {@code from} is the one that was. */
  void pass(int from, int to) {
    double[] passed = new double[dimension];
    for (int t = from; t < to; t++) {
      draw(t, passed);
    }
  }
}
