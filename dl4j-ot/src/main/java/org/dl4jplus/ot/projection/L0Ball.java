package org.dl4jplus.ot.projection;

import java.util.Arrays;

/**
 * Euclidean projection onto the vectors with at most so many entries other than 0: the entries of
 * the largest absolute value stay, of equal ones the first.
 *
 * @param maxNonZeros entries that may differ from 0, at least 1
 */
public record L0Ball(int maxNonZeros) implements VectorProjection {

  /**
   * Makes the projection.
   *
   * @param maxNonZeros entries that may differ from 0, at least 1
   * @throws IllegalArgumentException if maxNonZeros is below 1
   */
  public L0Ball {
    Arguments.atLeastOne("maxNonZeros", maxNonZeros);
  }

  @Override
  public void project(double[] v) {
    double[] all = v.clone();
    Arrays.fill(v, 0);
    for (int i : Largest.indices(v.length, maxNonZeros, i -> Math.abs(all[i]))) {
      v[i] = all[i];
    }
  }
}
