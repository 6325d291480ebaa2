package org.dl4jplus.ot.projection;

/**
 * Euclidean projection onto the vectors no longer than a radius: {@code v * min(1, radius /
 * ||v||)}.
 *
 * @param radius finite and &gt; 0
 */
public record L2Ball(double radius) implements VectorProjection {

  /**
   * Makes the projection.
   *
   * @param radius finite and &gt; 0
   * @throws IllegalArgumentException if the radius is not finite and &gt; 0
   */
  public L2Ball {
    Arguments.positive("radius", radius);
  }

  @Override
  public void project(double[] v) {
    double largest = 0;
    for (double x : v) {
      largest = Math.max(largest, Math.abs(x));
    }
    if (largest == 0) {
      return;
    }
    // Squares of the scaled entries neither overflow nor vanish.
    double squares = 0;
    for (double x : v) {
      squares += x / largest * (x / largest);
    }
    double factor = radius / largest / Math.sqrt(squares);
    if (factor < 1) {
      for (int i = 0; i < v.length; i++) {
        v[i] *= factor;
      }
    }
  }
}
