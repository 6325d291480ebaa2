package org.dl4jplus.ot.projection;

/**
 * Euclidean projection onto a box: every entry is clamped to {@code [lower, upper]}.
 *
 * @param lower smallest value, may be negative infinity
 * @param upper largest value, at least the lower one, may be infinity
 */
public record Box(double lower, double upper) implements VectorProjection {

  /**
   * Makes the projection.
   *
   * @param lower smallest value, may be negative infinity
   * @param upper largest value, at least the lower one, may be infinity
   * @throws IllegalArgumentException if a bound is not a number, or no finite number lies between
   *     them
   */
  public Box {
    if (!(lower <= upper)
        || lower == Double.POSITIVE_INFINITY
        || upper == Double.NEGATIVE_INFINITY) {
      throw new IllegalArgumentException(
          "lower must be <= upper, with a finite number between them: ["
              + lower
              + ", "
              + upper
              + "]");
    }
  }

  @Override
  public void project(double[] v) {
    for (int i = 0; i < v.length; i++) {
      v[i] = Math.min(Math.max(v[i], lower), upper);
    }
  }
}
