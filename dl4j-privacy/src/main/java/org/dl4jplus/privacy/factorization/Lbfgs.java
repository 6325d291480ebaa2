package org.dl4jplus.privacy.factorization;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/** Limited-memory BFGS with backtracking, for smooth convex functions on an open set. */
final class Lbfgs {

  private static final int MEMORY = 20;
  private static final int ITERATIONS = 2000;
  private static final int HALVINGS = 50;

  /** Steps in a row that lead nowhere before it ends. */
  private static final int IDLE = 5;

  private static final double ARMIJO = 1e-4;

  /** A function with its gradient; infinite outside its set. */
  interface Objective {
    double value(double[] x, double[] gradient);
  }

  private record Pair(double[] step, double[] change, double product) {}

  private Lbfgs() {}

  /** Minimises until the gradient's entries are at most the tolerance, or rounding hides them. */
  static double[] minimize(Objective objective, double[] start, double tolerance) {
    double[] x = start;
    double[] gradient = new double[x.length];
    double value = objective.value(x, gradient);
    Deque<Pair> pairs = new ArrayDeque<>();
    int idle = 0;
    for (int k = 0; k < ITERATIONS && idle < IDLE && largest(gradient) > tolerance; k++) {
      double[] direction = direction(pairs, gradient);
      double slope = dot(gradient, direction);
      double[] next = null;
      double[] nextGradient = new double[x.length];
      double t = 1;
      for (int trial = 0; trial < HALVINGS && next == null; trial++, t /= 2) {
        double[] candidate = x.clone();
        add(candidate, t, direction);
        double found = objective.value(candidate, nextGradient);
        // Near the minimum values differ by rounding alone, and only the slope tells.
        boolean level =
            Math.abs(found - value) <= 1e-14 * Math.abs(value)
                && Math.abs(dot(nextGradient, direction)) <= Math.abs(slope);
        if (found <= value + ARMIJO * t * slope || level) {
          next = candidate;
          idle = value - found > 1e-15 * Math.abs(value) ? 0 : idle + 1;
          value = found;
        }
      }
      if (next == null) {
        if (pairs.isEmpty()) {
          return x;
        }
        pairs.clear();
        continue;
      }
      remember(pairs, x, next, gradient, nextGradient);
      x = next;
      gradient = nextGradient;
    }
    return x;
  }

  private static void remember(
      Deque<Pair> pairs, double[] x, double[] next, double[] gradient, double[] nextGradient) {
    double[] step = next.clone();
    add(step, -1, x);
    double[] change = nextGradient.clone();
    add(change, -1, gradient);
    double product = dot(step, change);
    if (product > 1e-12 * Math.sqrt(dot(step, step) * dot(change, change))) {
      pairs.addLast(new Pair(step, change, product));
      if (pairs.size() > MEMORY) {
        pairs.removeFirst();
      }
    }
  }

  /** The two loops over the pairs, the newest first and the oldest first. */
  private static double[] direction(Deque<Pair> pairs, double[] gradient) {
    double[] d = gradient.clone();
    double[] weights = new double[pairs.size()];
    int k = pairs.size();
    for (Iterator<Pair> newest = pairs.descendingIterator(); newest.hasNext(); ) {
      Pair pair = newest.next();
      weights[--k] = dot(pair.step(), d) / pair.product();
      add(d, -weights[k], pair.change());
    }
    Pair last = pairs.peekLast();
    double scale =
        last == null
            ? 1 / Math.max(1, largest(gradient))
            : last.product() / dot(last.change(), last.change());
    for (int i = 0; i < d.length; i++) {
      d[i] *= -scale;
    }
    for (Pair pair : pairs) {
      add(d, -weights[k++] - dot(pair.change(), d) / pair.product(), pair.step());
    }
    return d;
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static void add(double[] to, double factor, double[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * from[i];
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
