package org.dl4jplus.privacy.synthetic;

import java.util.Arrays;

/** Tables of how often the values of two columns come together. */
public final class TwoWayMarginals {

  private TwoWayMarginals() {}

  /**
   * Which interval a value is in: interval i holds edges[i] &lt;= value &lt; edges[i + 1], the last
   * one its upper edge too.
   *
   * @param edges ascending, at least two
   * @param value not NaN; one beyond the edges counts as in the first or last interval
   * @return in [0, edges.length - 2]
   */
  public static int bin(double[] edges, double value) {
    int found = Arrays.binarySearch(edges, value);
    int bin = found >= 0 ? found : -found - 2;
    return Math.max(0, Math.min(edges.length - 2, bin));
  }

  /**
   * Counts the pairs of cells.
   *
   * @param first cell of each record in one column
   * @param firstCells their number: cells are in [0, firstCells)
   * @param second cell of each record in another column
   * @param secondCells their number
   * @return firstCells rows of secondCells counts, one after the other
   */
  public static long[] counts(int[] first, int firstCells, int[] second, int secondCells) {
    long[] counts = new long[Math.multiplyExact(firstCells, secondCells)];
    for (int i = 0; i < first.length; i++) {
      counts[first[i] * secondCells + second[i]]++;
    }
    return counts;
  }
}
