package org.dl4jplus.optim.first;

/** Schedules of coefficients over the first steps of a run. */
public final class Warmup {

  private static final double OFFSET = 1e-8;

  private Warmup() {}

  /**
   * Rises linearly: target * t / steps before step {@code steps}, target from then on.
   *
   * @param target final value
   * @param t step, from 1
   * @param steps length of the warmup; 0 for none
   * @return the value at step t
   */
  public static double linear(double target, long t, long steps) {
    return t < steps ? target * t / steps : target;
  }

  /**
   * Moves the weight of an exponential average from one value to another so that the average's
   * half-life changes linearly.
   *
   * @param start weight before the first step, in [0, 1)
   * @param target final weight, in [0, 1)
   * @param t step, from 1
   * @param steps length of the warmup; 0 for none
   * @return the weight at step t
   */
  public static double halfLife(double start, double target, long t, long steps) {
    if (t >= steps) {
      return target;
    }
    double x = (double) t / steps;
    return Math.pow(0.5, 1 / ((1 - x) * halfLife(start) + x * halfLife(target) + 1));
  }

  /** Half-life of an average, less one step; the offset lets the weight be 0. */
  private static double halfLife(double weight) {
    return Math.log(0.5) / Math.log(weight + OFFSET) - 1;
  }
}
