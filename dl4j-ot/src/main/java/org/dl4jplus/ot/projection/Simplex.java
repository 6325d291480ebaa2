package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Euclidean projection onto the vectors without negative entries that have a given sum.
 *
 * <pre>{@code
 * u = v in descending order, theta_k = (u_1 + ... + u_k - radius) / k
 * rho = max {k : u_k > theta_k},  v_i <- max(v_i - theta_rho, 0)
 * }</pre>
 *
 * <p>J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra, "Efficient Projections onto the l1-Ball
 * for Learning in High Dimensions", 2008.
 *
 * @param radius the sum, finite and &gt; 0
 */
public record Simplex(double radius) implements VectorProjection {

  /**
   * Makes the projection.
   *
   * @param radius the sum, finite and &gt; 0
   * @throws IllegalArgumentException if the radius is not finite and &gt; 0
   */
  public Simplex {
    Arguments.positive("radius", radius);
  }

  @Override
  public void project(double[] v) {
    double[] sorted = v.clone();
    Arrays.sort(sorted);
    double sum = 0;
    double theta = 0;
    for (int k = 1; k <= sorted.length; k++) {
      double u = sorted[sorted.length - k];
      sum += u;
      double next = (sum - radius) / k;
      // The largest entry always belongs to the support, also where u - radius rounds to u.
      if (k > 1 && u <= next) {
        break;
      }
      theta = next;
    }
    for (int i = 0; i < v.length; i++) {
      v[i] = Math.max(v[i] - theta, 0);
    }
  }
}
