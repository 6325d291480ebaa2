package org.dl4jplus.ot.solver;

import java.util.Arrays;
import java.util.Locale;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks of arguments; null means "the default". */
final class Arguments {

  private Arguments() {}

  static double positive(String name, Double value, double standard) {
    double v = value == null ? standard : value;
    check(v > 0 && v < Double.POSITIVE_INFINITY, name, v, "finite and above 0");
    return v;
  }

  static double nonNegative(String name, Double value, double standard) {
    double v = value == null ? standard : value;
    check(v >= 0 && v < Double.POSITIVE_INFINITY, name, v, "finite and at least 0");
    return v;
  }

  /** Above 0; infinity is allowed. */
  static double penalty(String name, Double value) {
    double v = value == null ? Double.POSITIVE_INFINITY : value;
    check(v > 0, name, v, "above 0");
    return v;
  }

  static int count(String name, Integer value, int standard) {
    int v = value == null ? standard : value;
    if (v < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, got " + v);
    }
    return v;
  }

  static void check(boolean right, String name, double value, String range) {
    if (!right) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be %s, got %s", name, range, value));
    }
  }

  static double[] finite(String name, double[] values, int size) {
    sized(name, values, size);
    for (int i = 0; i < values.length; i++) {
      check(Double.isFinite(values[i]), name + "[" + i + "]", values[i], "finite");
    }
    return values;
  }

  static double[] sized(String name, double[] values, int size) {
    if (values == null || values.length != size) {
      throw new IllegalArgumentException(
          name + " must hold " + size + " values, got " + (values == null ? null : values.length));
    }
    return values;
  }

  /** A copy of the weights, uniform ones for null. */
  static double[] weights(String name, double[] weights, int size) {
    if (weights == null) {
      double[] uniform = new double[size];
      Arrays.fill(uniform, 1.0 / size);
      return uniform;
    }
    sized(name, weights, size);
    double sum = 0;
    for (int i = 0; i < size; i++) {
      String entry = name + "[" + i + "]";
      check(weights[i] >= 0 && Double.isFinite(weights[i]), entry, weights[i], "finite and >= 0");
      sum += weights[i];
    }
    check(sum > 0 && Double.isFinite(sum), "the sum of " + name, sum, "finite and above 0");
    return weights.clone();
  }

  /** The rows of a matrix, one after another. */
  static double[] flat(String name, double[][] rows) {
    if (rows == null || rows.length == 0 || rows[0] == null || rows[0].length == 0) {
      throw new IllegalArgumentException(name + " must have at least one row and one column");
    }
    int columns = rows[0].length;
    double[] flat = new double[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      sized(name + "[" + i + "]", rows[i], columns);
      System.arraycopy(rows[i], 0, flat, i * columns, columns);
    }
    return flat;
  }

  static double[][] matrix(String name, INDArray array) {
    if (array == null || array.rank() != 2 || array.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + " must be a matrix, got "
              + (array == null ? null : Arrays.toString(array.shape())));
    }
    return array.toDoubleMatrix();
  }

  /** The values of a vector of any shape, or null. */
  static double[] vector(INDArray array) {
    return array == null ? null : array.dup('c').data().asDouble();
  }
}
