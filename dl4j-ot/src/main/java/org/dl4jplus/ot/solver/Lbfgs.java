package org.dl4jplus.ot.solver;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import lombok.Builder;

/**
 * Minimises a function of some numbers by limited-memory BFGS.
 *
 * <pre>{@code
 * d = -H g,  H from the last `memory` pairs (steps, changes of the gradient)
 * f(x + t d) <= f(x) + 1e-4 t g'd,   g(x + t d)'d >= 0.9 g'd
 * }</pre>
 *
 * <p>The step is found by doubling and bisection, which also works where the gradient jumps. It
 * stops when the gradient's largest entry is at most the tolerance, or when no step leads down any
 * more, not even along the gradient.
 *
 * <p>Fields: {@code memory} at least 1 (10); {@code maxIterations} at least 1 (500); {@code
 * tolerance} at least 0 (1e-9).
 *
 * <p>D. C. Liu, J. Nocedal: "On the Limited Memory BFGS Method for Large Scale Optimization"
 * (1989). A. S. Lewis, M. L. Overton: "Nonsmooth Optimization via Quasi-Newton Methods" (2013).
 */
public final class Lbfgs {

  private static final double ARMIJO = 1e-4;
  private static final double WOLFE = 0.9;
  private static final int TRIALS = 60;

  /** A function with its gradient. */
  @FunctionalInterface
  public interface Objective {
    /**
     * Evaluates the function.
     *
     * @param x where
     * @param gradient takes the gradient
     * @return the value; one that is not finite is taken for a step too far
     */
    double value(double[] x, double[] gradient);
  }

  /**
   * What was found.
   *
   * @param x where; the record's own, not copied
   * @param value the least value
   * @param gradient there
   * @param iterations steps
   * @param converged whether the tolerance was reached
   */
  public record Minimum(
      double[] x, double value, double[] gradient, int iterations, boolean converged) {}

  private record Pair(double[] step, double[] change, double rho) {}

  private final int memory;
  private final int maxIterations;
  private final double tolerance;

  @Builder
  private Lbfgs(Integer memory, Integer maxIterations, Double tolerance) {
    this.memory = Arguments.count("memory", memory, 10);
    this.maxIterations = Arguments.count("maxIterations", maxIterations, 500);
    this.tolerance = Arguments.nonNegative("tolerance", tolerance, 1e-9);
  }

  /**
   * Minimises.
   *
   * @param objective the function
   * @param start where to begin; not changed
   * @return the minimum
   */
  public Minimum minimize(Objective objective, double[] start) {
    double[] gradient = new double[start.length];
    double value = objective.value(start, gradient);
    Point point = new Point(start.clone(), value, gradient);
    Deque<Pair> pairs = new ArrayDeque<>();
    int k = 0;
    for (; k < maxIterations && !(largest(point.gradient()) <= tolerance); k++) {
      Point next = search(objective, point, direction(pairs, point.gradient()));
      if (next == null && !pairs.isEmpty()) {
        pairs.clear();
        next = search(objective, point, direction(pairs, point.gradient()));
      }
      if (next == null) {
        break;
      }
      remember(pairs, point, next);
      point = next;
    }
    boolean converged = largest(point.gradient()) <= tolerance;
    return new Minimum(point.x(), point.value(), point.gradient(), k, converged);
  }

  private record Point(double[] x, double value, double[] gradient) {}

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private void remember(Deque<Pair> pairs, Point from, Point to) {
    int n = from.x().length;
    double[] step = new double[n];
    double[] change = new double[n];
    for (int i = 0; i < n; i++) {
      step[i] = to.x()[i] - from.x()[i];
      change[i] = to.gradient()[i] - from.gradient()[i];
    }
    double curvature = Marginals.dot(step, change);
    if (curvature > 0) {
      pairs.addLast(new Pair(step, change, 1 / curvature));
      if (pairs.size() > memory) {
        pairs.removeFirst();
      }
    }
  }

  private static double[] direction(Deque<Pair> pairs, double[] gradient) {
    double[] d = gradient.clone();
    double[] alphas = new double[pairs.size()];
    int k = pairs.size();
    for (Iterator<Pair> newest = pairs.descendingIterator(); newest.hasNext(); ) {
      Pair pair = newest.next();
      alphas[--k] = pair.rho() * Marginals.dot(pair.step(), d);
      add(d, -alphas[k], pair.change());
    }
    Pair last = pairs.peekLast();
    double scale =
        last == null
            ? 1 / Math.max(1, largest(gradient))
            : 1 / (last.rho() * Marginals.dot(last.change(), last.change()));
    for (int i = 0; i < d.length; i++) {
      d[i] *= scale;
    }
    for (Pair pair : pairs) {
      double beta = pair.rho() * Marginals.dot(pair.change(), d);
      add(d, alphas[k++] - beta, pair.step());
    }
    for (int i = 0; i < d.length; i++) {
      d[i] = -d[i];
    }
    return d;
  }

  private static void add(double[] to, double factor, double[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * from[i];
    }
  }

  private static Point search(Objective objective, Point from, double[] direction) {
    double slope = Marginals.dot(from.gradient(), direction);
    if (!(slope < 0)) {
      return null;
    }
    double low = 0;
    double high = Double.POSITIVE_INFINITY;
    double t = 1;
    Point down = null;
    for (int trial = 0; trial < TRIALS; trial++) {
      double[] x = from.x().clone();
      add(x, t, direction);
      double[] gradient = new double[x.length];
      double value = objective.value(x, gradient);
      if (!(value <= from.value() + ARMIJO * t * slope)) {
        high = t;
      } else {
        down = value < from.value() ? new Point(x, value, gradient) : down;
        if (Marginals.dot(gradient, direction) >= WOLFE * slope) {
          return down;
        }
        low = t;
      }
      t = Double.isInfinite(high) ? 2 * low : (low + high) / 2;
    }
    return down;
  }
}
