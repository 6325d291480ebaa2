package org.dl4jplus.ot.solver;

import java.util.Arrays;

/**
 * Log-sum-exps over the columns and the rows of (potential - cost)/epsilon, weighted.
 *
 * <p>They are in the log domain, but an exponential for each entry is only taken where potentials
 * have moved far: in between, the kernel around the last centre is scaled, which is a product of a
 * matrix and a vector. Nothing that matters to a sum is lost: an entry that underflows at the
 * centre is, within {@link #DRIFT} of it, below 1e-200 of the sum.
 */
final class ScaledKernel {

  /** How far a potential over epsilon may be from its centre. */
  private static final double DRIFT = 100;

  /** What is this far below the largest exponent is nothing beside it. */
  private static final double NOTHING = -60;

  private final int n;
  private final int m;
  private final double[] costs;
  private final double[] a;
  private final double[] b;
  private final double epsilon;
  private final double[] kernel;
  private double[] f0;
  private double[] g0;
  private boolean stale = true;

  ScaledKernel(TransportProblem problem, double epsilon) {
    n = problem.rows();
    m = problem.columns();
    costs = problem.geometry().costs();
    a = problem.sharedA();
    b = problem.sharedB();
    this.epsilon = epsilon;
    kernel = new double[n * m];
  }

  /** Call after each round with the newest potentials: centres anew where it has become due. */
  void follow(double[] f, double[] g) {
    if (!stale) {
      return;
    }
    f0 = f.clone();
    g0 = g.clone();
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        kernel[i * m + j] = Math.exp((f[i] + g[j] - costs[i * m + j]) / epsilon);
      }
    }
    stale = false;
  }

  /** Puts log sum_i a_i exp((f_i - C_ij)/epsilon) into out. */
  void columns(double[] f, double[] out) {
    double[] scale = stale ? null : scale(f, f0, a);
    if (scale != null) {
      Arrays.fill(out, 0);
      for (int i = 0; i < n; i++) {
        double s = scale[i];
        if (s > 0) {
          int row = i * m;
          for (int j = 0; j < m; j++) {
            out[j] += kernel[row + j] * s;
          }
        }
      }
      if (logs(out, g0)) {
        return;
      }
    }
    stale = true;
    logColumns(f, out);
  }

  /** Puts log sum_j b_j exp((g_j - C_ij)/epsilon) into out. */
  void rows(double[] g, double[] out) {
    double[] scale = stale ? null : scale(g, g0, b);
    if (scale != null) {
      for (int i = 0; i < n; i++) {
        out[i] = dot(i * m, scale);
      }
      if (logs(out, f0)) {
        return;
      }
    }
    stale = true;
    logRows(g, out);
  }

  /** Four sums side by side: one alone would wait for each addition. */
  private double dot(int row, double[] scale) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int j = 0;
    for (; j + 3 < m; j += 4) {
      s0 += kernel[row + j] * scale[j];
      s1 += kernel[row + j + 1] * scale[j + 1];
      s2 += kernel[row + j + 2] * scale[j + 2];
      s3 += kernel[row + j + 3] * scale[j + 3];
    }
    for (; j < m; j++) {
      s0 += kernel[row + j] * scale[j];
    }
    return s0 + s1 + (s2 + s3);
  }

  /** Weights times exp((p - centre)/epsilon), or null where that is too far. */
  private double[] scale(double[] p, double[] centre, double[] weights) {
    double[] scale = new double[p.length];
    for (int i = 0; i < p.length; i++) {
      if (weights[i] > 0) {
        double drift = (p[i] - centre[i]) / epsilon;
        if (!(Math.abs(drift) <= DRIFT)) {
          return null;
        }
        scale[i] = weights[i] * Math.exp(drift);
      }
    }
    return scale;
  }

  /** Turns sums relative to the centre into logs; false where they are too far from it. */
  private boolean logs(double[] sums, double[] centre) {
    for (int j = 0; j < sums.length; j++) {
      double log = Math.log(sums[j]);
      if (!(Math.abs(log) <= DRIFT)) {
        return false;
      }
      sums[j] = log - centre[j] / epsilon;
    }
    return true;
  }

  private void logColumns(double[] f, double[] out) {
    double[] base = base(f, a);
    double[] top = new double[m];
    Arrays.fill(top, Double.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        top[j] = Math.max(top[j], base[i] - costs[i * m + j] / epsilon);
      }
    }
    Arrays.fill(out, 0);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        double below = base[i] - costs[i * m + j] / epsilon - top[j];
        if (below > NOTHING) {
          out[j] += Math.exp(below);
        }
      }
    }
    for (int j = 0; j < m; j++) {
      out[j] = Math.log(out[j]) + top[j];
    }
  }

  private void logRows(double[] g, double[] out) {
    double[] base = base(g, b);
    for (int i = 0; i < n; i++) {
      double top = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < m; j++) {
        top = Math.max(top, base[j] - costs[i * m + j] / epsilon);
      }
      double sum = 0;
      for (int j = 0; j < m; j++) {
        double below = base[j] - costs[i * m + j] / epsilon - top;
        if (below > NOTHING) {
          sum += Math.exp(below);
        }
      }
      out[i] = Math.log(sum) + top;
    }
  }

  private double[] base(double[] potential, double[] weights) {
    double[] base = new double[potential.length];
    for (int i = 0; i < base.length; i++) {
      base[i] = Math.log(weights[i]) + potential[i] / epsilon;
    }
    return base;
  }

  /** The plan of two potentials: a_i b_j exp((f_i + g_j - C_ij)/epsilon). */
  static double[] plan(TransportProblem problem, double epsilon, double[] f, double[] g) {
    double[] a = problem.sharedA();
    double[] b = problem.sharedB();
    double[] costs = problem.geometry().costs();
    double[] plan = new double[a.length * b.length];
    for (int i = 0; i < a.length; i++) {
      if (a[i] > 0) {
        double base = Math.log(a[i]) + f[i] / epsilon;
        for (int j = 0; j < b.length; j++) {
          int at = i * b.length + j;
          // One exponential of the whole: its factors alone may overflow.
          plan[at] = b[j] > 0 ? Math.exp(base + Math.log(b[j]) + (g[j] - costs[at]) / epsilon) : 0;
        }
      }
    }
    return plan;
  }
}
