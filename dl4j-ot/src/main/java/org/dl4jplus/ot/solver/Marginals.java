package org.dl4jplus.ot.solver;

/** Sums over rows and columns. */
final class Marginals {

  private Marginals() {}

  static double[] rows(double[] plan, int n, int m) {
    double[] sums = new double[n];
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int j = 0; j < m; j++) {
        sum += plan[i * m + j];
      }
      sums[i] = sum;
    }
    return sums;
  }

  static double[] columns(double[] plan, int n, int m) {
    double[] sums = new double[m];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        sums[j] += plan[i * m + j];
      }
    }
    return sums;
  }

  static double distance(double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += Math.abs(p[i] - q[i]);
    }
    return sum;
  }

  static double dot(double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += p[i] * q[i];
    }
    return sum;
  }

  static double sum(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }
}
