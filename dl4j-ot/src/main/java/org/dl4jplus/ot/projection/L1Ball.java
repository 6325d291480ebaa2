package org.dl4jplus.ot.projection;

/**
 * Euclidean projection onto the vectors whose absolute values sum to no more than a radius.
 *
 * <pre>{@code
 * v                                              where |v|_1 <= radius
 * sign(v) * projection of |v| on the simplex     elsewhere
 * }</pre>
 *
 * <p>J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra, "Efficient Projections onto the l1-Ball
 * for Learning in High Dimensions", 2008.
 *
 * @param radius finite and &gt; 0
 */
public record L1Ball(double radius) implements VectorProjection {

  /**
   * Makes the projection.
   *
   * @param radius finite and &gt; 0
   * @throws IllegalArgumentException if the radius is not finite and &gt; 0
   */
  public L1Ball {
    Arguments.positive("radius", radius);
  }

  @Override
  public void project(double[] v) {
    double[] absolute = new double[v.length];
    double sum = 0;
    for (int i = 0; i < v.length; i++) {
      absolute[i] = Math.abs(v[i]);
      sum += absolute[i];
    }
    if (sum > radius) {
      new Simplex(radius).project(absolute);
      for (int i = 0; i < v.length; i++) {
        v[i] = Math.signum(v[i]) * absolute[i];
      }
    }
  }
}
