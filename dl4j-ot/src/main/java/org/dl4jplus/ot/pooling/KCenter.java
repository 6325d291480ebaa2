package org.dl4jplus.ot.pooling;

import java.util.Arrays;

/**
 * Greedy choice of points that are far from each other: the first point, then again and again the
 * one with the largest distance to those that are chosen, of equal ones the first.
 *
 * <p>T. F. Gonzalez, "Clustering to Minimize the Maximum Intercluster Distance", 1985.
 */
public final class KCenter {

  private KCenter() {}

  /**
   * Chooses points.
   *
   * @param points one in each row
   * @param count how many, from 1 to the number of points
   * @return the rows, in the order of choice
   * @throws IllegalArgumentException if the count is out of range
   */
  public static int[] choose(double[][] points, int count) {
    if (count < 1 || count > points.length) {
      throw new IllegalArgumentException("count must be in [1, " + points.length + "]: " + count);
    }
    int[] chosen = new int[count];
    double[] nearest = new double[points.length];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    for (int k = 1; k < count; k++) {
      double[] last = points[chosen[k - 1]];
      for (int i = 0; i < points.length; i++) {
        double squares = 0;
        for (int c = 0; c < last.length; c++) {
          double d = points[i][c] - last[c];
          squares += d * d;
        }
        nearest[i] = Math.min(nearest[i], squares);
        if (nearest[i] > nearest[chosen[k]]) {
          chosen[k] = i;
        }
      }
    }
    return chosen;
  }
}
