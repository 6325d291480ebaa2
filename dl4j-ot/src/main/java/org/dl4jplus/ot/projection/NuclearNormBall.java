package org.dl4jplus.ot.projection;

/**
 * Euclidean projection onto the matrices whose singular values sum to no more than a radius: the
 * singular values are projected onto the {@link L1Ball}.
 *
 * @param radius finite and &gt; 0
 */
public record NuclearNormBall(double radius) implements MatrixProjection {

  /**
   * Makes the projection.
   *
   * @param radius finite and &gt; 0
   * @throws IllegalArgumentException if the radius is not finite and &gt; 0
   */
  public NuclearNormBall {
    Arguments.positive("radius", radius);
  }

  @Override
  public void project(double[] x, int rows, int columns) {
    Svd svd = new Svd(x, rows, columns);
    double[] values = svd.values();
    double sum = 0;
    for (double s : values) {
      sum += s;
    }
    if (sum > radius) {
      new L1Ball(radius).project(values);
      svd.rebuild(values, x);
    }
  }
}
