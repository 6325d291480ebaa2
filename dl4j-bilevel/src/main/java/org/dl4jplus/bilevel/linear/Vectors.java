package org.dl4jplus.bilevel.linear;

/** Sums over arrays. */
final class Vectors {

  private Vectors() {}

  static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  static double norm(double[] x) {
    return Math.sqrt(dot(x, x));
  }

  /** The largest magnitude; not a number where an entry is none. */
  static double largest(double[] x) {
    double largest = 0;
    for (double v : x) {
      largest = Math.max(largest, Math.abs(v));
    }
    return largest;
  }

  /** y += a*x. */
  static void add(double[] y, double a, double[] x) {
    for (int i = 0; i < y.length; i++) {
      y[i] += a * x[i];
    }
  }

  /** a*x as a new array. */
  static double[] scaled(double a, double[] x) {
    double[] y = new double[x.length];
    add(y, a, x);
    return y;
  }
}
