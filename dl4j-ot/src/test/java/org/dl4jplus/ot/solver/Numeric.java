package org.dl4jplus.ot.solver;

import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** Random problems and central differences. */
final class Numeric {

  private Numeric() {}

  static double[] weights(Random random, int n) {
    double[] weights = random.doubles(n, 0.2, 1).toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }

  static double[][] matrix(Random random, int n, int m) {
    double[][] matrix = new double[n][];
    Arrays.setAll(matrix, i -> random.doubles(m).toArray());
    return matrix;
  }

  static TransportProblem problem(long seed, int n, int m) {
    Random random = new Random(seed);
    return TransportProblem.of(matrix(random, n, m), weights(random, n), weights(random, m));
  }

  /** The derivative along each entry. */
  static double[] gradient(ToDoubleFunction<double[]> f, double[] x, double radius) {
    double[] gradient = new double[x.length];
    for (int k = 0; k < x.length; k++) {
      double[] up = x.clone();
      double[] down = x.clone();
      up[k] += radius;
      down[k] -= radius;
      gradient[k] = (f.applyAsDouble(up) - f.applyAsDouble(down)) / (2 * radius);
    }
    return gradient;
  }

  /** The derivatives along e_k - e_0, which keep a sum. */
  static double[] tangent(ToDoubleFunction<double[]> f, double[] x, double radius) {
    double[] gradient = new double[x.length];
    for (int k = 1; k < x.length; k++) {
      double[] up = x.clone();
      double[] down = x.clone();
      up[k] += radius;
      down[k] -= radius;
      up[0] -= radius;
      down[0] += radius;
      gradient[k] = (f.applyAsDouble(up) - f.applyAsDouble(down)) / (2 * radius);
    }
    return gradient;
  }

  static double[] relativeToFirst(double[] x) {
    return Arrays.stream(x).map(v -> v - x[0]).toArray();
  }

  static double[] flat(double[][] matrix) {
    return Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray();
  }

  static double[][] rows(double[] flat, int columns) {
    double[][] rows = new double[flat.length / columns][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * columns, (i + 1) * columns));
    return rows;
  }
}
