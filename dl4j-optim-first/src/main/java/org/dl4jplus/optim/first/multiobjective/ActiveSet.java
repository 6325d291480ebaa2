package org.dl4jplus.optim.first.multiobjective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Small convex quadratic programs, solved exactly by Lawson and Hanson's active sets: one bound
 * after the other is given up until no step that the bounds allow goes down.
 *
 * <p>C. L. Lawson, R. J. Hanson: "Solving Least Squares Problems" (1974).
 */
public final class ActiveSet {

  private static final double ROUNDING = 0x1p-50;

  private final double[][] q;
  private final double[] c;
  private final double[] x;
  private final boolean[] refused;
  private final List<Integer> free = new ArrayList<>();

  private ActiveSet(double[][] q, double[] c) {
    this.q = q;
    this.c = c;
    x = new double[c.length];
    refused = new boolean[c.length];
  }

  /** The v that minimises v' Q v with v at least the bounds. */
  static double[] boundedBelow(double[][] q, double[] bounds) {
    double[] c = SmallMatrix.times(q, bounds);
    for (int i = 0; i < c.length; i++) {
      c[i] = -c[i];
    }
    double[] v = nonNegative(q, c);
    for (int i = 0; i < v.length; i++) {
      v[i] += bounds[i];
    }
    return v;
  }

  /** The w that minimises w' Q w among the weights that are at least 0 and add up to 1. */
  static double[] onSimplex(double[][] q) {
    int m = q.length;
    // Any weight of the soft constraint gives a multiple of the solution; this one is of Q's size.
    double trace = SmallMatrix.trace(q);
    double soft = trace > 0 ? trace / m : 1;
    double[][] withSum = new double[m][m];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < m; j++) {
        withSum[i][j] = q[i][j] + soft;
      }
    }
    double[] w = nonNegative(withSum, Weights.equal(m, soft));
    double sum = 0;
    for (double value : w) {
      sum += value;
    }
    for (int i = 0; i < m; i++) {
      w[i] /= sum;
    }
    return w;
  }

  /**
   * The x that minimises {@code x' Q x / 2 - c' x} with x at least 0.
   *
   * @param q Q, symmetric and positive semidefinite; not changed
   * @param c for a finite minimum not to point where Q is flat; not changed
   * @return the minimiser
   */
  public static double[] nonNegative(double[][] q, double[] c) {
    return new ActiveSet(q, c).run();
  }

  private double[] run() {
    // Rounding could let a bound come and go; exact arithmetic never needs that many rounds.
    for (int round = 0; round < 10 * c.length + 100; round++) {
      int j = steepest();
      if (j < 0) {
        break;
      }
      free.add(j);
      refused[j] = !settle(j);
    }
    return x;
  }

  /** The bound whose giving up leads down most, or -1. */
  private int steepest() {
    int best = -1;
    double most = 0;
    for (int j = 0; j < c.length; j++) {
      if (!refused[j] && !free.contains(j)) {
        double slope = c[j];
        double size = Math.abs(c[j]);
        for (int i : free) {
          slope -= q[j][i] * x[i];
          size += Math.abs(q[j][i] * x[i]);
        }
        if (slope > ROUNDING * c.length * size && slope > most) {
          most = slope;
          best = j;
        }
      }
    }
    return best;
  }

  /** Goes to the minimum over the free variables; false if the last one should not be free. */
  private boolean settle(int last) {
    double[] target = minimum();
    if (target == null || !(target[free.size() - 1] > 0)) {
      free.remove((Integer) last);
      return false;
    }
    while (target != null && !move(target)) {
      target = minimum();
    }
    Arrays.fill(refused, false);
    return true;
  }

  private double[] minimum() {
    int k = free.size();
    double[][] a = new double[k][k];
    double[] b = new double[k];
    for (int i = 0; i < k; i++) {
      b[i] = c[free.get(i)];
      for (int j = 0; j < k; j++) {
        a[i][j] = q[free.get(i)][free.get(j)];
      }
    }
    return k == 0 ? b : SmallMatrix.solve(a, b);
  }

  /** Moves towards the target as far as the bounds allow; true if all the way. */
  private boolean move(double[] target) {
    double part = 1;
    int hit = -1;
    for (int i = 0; i < target.length; i++) {
      double at = x[free.get(i)];
      if (target[i] <= 0 && at / (at - target[i]) < part) {
        part = at / (at - target[i]);
        hit = free.get(i);
      }
    }
    for (int i = 0; i < target.length; i++) {
      int k = free.get(i);
      x[k] = hit < 0 ? target[i] : x[k] + part * (target[i] - x[k]);
    }
    if (hit < 0) {
      return true;
    }
    x[hit] = 0;
    free.removeIf(k -> x[k] <= 0);
    free.forEach(k -> x[k] = Math.max(0, x[k]));
    for (int k = 0; k < x.length; k++) {
      if (!free.contains(k)) {
        x[k] = 0;
      }
    }
    return false;
  }
}
