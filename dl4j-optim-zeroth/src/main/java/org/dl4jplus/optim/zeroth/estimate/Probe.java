package org.dl4jplus.optim.zeroth.estimate;

import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.noise.Directions;

/** A point, the function's values around it, and the directions of one estimate. */
public final class Probe {

  private final ToDoubleFunction<double[]> function;
  private final double[] x;
  private final Directions directions;
  private final long iteration;
  private final double mu;
  private final GradientState memory;
  private final double[] moved;
  private double base;
  private boolean hasBase;
  private double sum;
  private long evaluations;

  Probe(
      ToDoubleFunction<double[]> function,
      double[] x,
      Directions directions,
      long iteration,
      double mu,
      GradientState memory) {
    if (!(mu > 0 && mu < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("mu must be finite and above 0, got " + mu);
    }
    this.function = function;
    this.x = x;
    this.directions = directions;
    this.iteration = iteration;
    this.mu = mu;
    this.memory = memory;
    moved = new double[x.length];
  }

  /** The same function and directions around another point. */
  Probe around(double[] point) {
    return new Probe(function, point, directions, iteration, mu, memory);
  }

  /** Another function, with the same directions around the same point. */
  Probe of(ToDoubleFunction<double[]> other) {
    return new Probe(other, x, directions, iteration, mu, memory);
  }

  /**
   * The point.
   *
   * @return a copy
   */
  public double[] point() {
    return x.clone();
  }

  /**
   * Number of variables.
   *
   * @return d
   */
  public int dimension() {
    return x.length;
  }

  /**
   * The step of differences.
   *
   * @return mu, above 0
   */
  public double mu() {
    return mu;
  }

  /**
   * Number of the step, from 0.
   *
   * @return the iteration
   */
  public long iteration() {
    return iteration;
  }

  /**
   * What lasts from step to step.
   *
   * @return the live state; an estimator uses its vectors below {@link GradientEstimator#memory()}
   */
  public GradientState memory() {
    return memory;
  }

  /**
   * A random direction.
   *
   * @param query its number in this step
   * @return z, of length d
   */
  public double[] direction(int query) {
    double[] z = new double[x.length];
    directions.fill(iteration, query, 0, z, z.length);
    return z;
  }

  /**
   * The value at the point; evaluated once.
   *
   * @return f(x)
   */
  public double base() {
    if (!hasBase) {
      base = value(x);
      hasBase = true;
    }
    return base;
  }

  /**
   * The value at another point.
   *
   * @param z a direction
   * @param scale how far
   * @return f(x + scale z)
   */
  public double at(double[] z, double scale) {
    for (int i = 0; i < x.length; i++) {
      moved[i] = x[i] + scale * z[i];
    }
    return value(moved);
  }

  /**
   * The value where one variable is moved.
   *
   * @param i number of the variable
   * @param by how far
   * @return f(x + by e_i)
   */
  public double moved(int i, double by) {
    System.arraycopy(x, 0, moved, 0, x.length);
    moved[i] += by;
    return value(moved);
  }

  private double value(double[] point) {
    double value = function.applyAsDouble(point);
    evaluations++;
    sum += value;
    return value;
  }

  long evaluations() {
    return evaluations;
  }

  /** f(x) where it is known, else the mean of what was seen; not finite if any value was not. */
  double reported() {
    double mean = sum / evaluations;
    return hasBase && Double.isFinite(mean) ? base : mean;
  }
}
