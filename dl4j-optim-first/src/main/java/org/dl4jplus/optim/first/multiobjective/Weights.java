package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;

/** Vectors with one number for each objective. */
final class Weights {

  private Weights() {}

  /** A copy of a configured vector, or null for "not set". */
  static double[] checked(String field, double[] values) {
    if (values == null) {
      return null;
    }
    Require.check(values.length > 0, field, values.length, "of at least one number");
    for (double value : values) {
      Require.finite(field, value, 0);
    }
    return values.clone();
  }

  static double[] copy(double[] values) {
    return values == null ? null : values.clone();
  }

  /** The configured vector if it fits m objectives, or m equal numbers. */
  static double[] orEqual(String field, double[] values, int m, double standard) {
    if (values == null) {
      return equal(m, standard);
    }
    if (values.length != m) {
      throw new IllegalArgumentException(
          field + " must have one number for each of " + m + " objectives, got " + values.length);
    }
    return values;
  }

  static double[] equal(int m, double value) {
    double[] weights = new double[m];
    Arrays.fill(weights, value);
    return weights;
  }
}
