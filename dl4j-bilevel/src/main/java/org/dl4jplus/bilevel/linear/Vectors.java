package org.dl4jplus.bilevel.linear;

/** Sums over the entries of plain arrays, one after the other. */
public final class Vectors {

  private Vectors() {}

  /**
   * The inner product.
   *
   * @param x numbers
   * @param y as many numbers
   * @return the sum of the products
   */
  public static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /**
   * The Euclidean norm.
   *
   * @param x numbers
   * @return the root of the sum of the squares
   */
  public static double norm(double[] x) {
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

  /**
   * Adds a multiple of a vector: y += a*x.
   *
   * @param y as many numbers as x; changed
   * @param a factor
   * @param x numbers
   */
  public static void add(double[] y, double a, double[] x) {
    for (int i = 0; i < y.length; i++) {
      y[i] += a * x[i];
    }
  }

  /**
   * A multiple of a vector: a*x.
   *
   * @param a factor
   * @param x numbers
   * @return a new array
   */
  public static double[] scaled(double a, double[] x) {
    double[] y = new double[x.length];
    add(y, a, x);
    return y;
  }
}
