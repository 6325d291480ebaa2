package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Euclidean projection onto the vectors without negative entries that have a given sum and at most
 * so many entries other than 0: the simplex projection of the largest entries. The set is not
 * convex; of equal entries the first stay.
 *
 * <p>A. Kyrillidis, S. Becker, V. Cevher, C. Koch, "Sparse projections onto the simplex",
 * arXiv:1206.1529, 2013.
 *
 * @param maxNonZeros entries that may differ from 0, at least 1
 * @param radius the sum, finite and &gt; 0
 */
public record SparseSimplex(int maxNonZeros, double radius) implements VectorProjection {

  /**
   * Makes the projection.
   *
   * @param maxNonZeros entries that may differ from 0, at least 1
   * @param radius the sum, finite and &gt; 0
   * @throws IllegalArgumentException if maxNonZeros is below 1, or the radius not finite and &gt; 0
   */
  public SparseSimplex {
    Arguments.atLeastOne("maxNonZeros", maxNonZeros);
    Arguments.positive("radius", radius);
  }

  @Override
  public void project(double[] v) {
    int[] kept = Largest.indices(v.length, maxNonZeros, i -> v[i]);
    double[] part = Arrays.stream(kept).mapToDouble(i -> v[i]).toArray();
    new Simplex(radius).project(part);
    Arrays.fill(v, 0);
    for (int k = 0; k < kept.length; k++) {
      v[kept[k]] = part[k];
    }
  }
}
