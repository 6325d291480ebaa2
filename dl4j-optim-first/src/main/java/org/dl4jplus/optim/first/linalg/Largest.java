package org.dl4jplus.optim.first.linalg;

import java.util.Arrays;
import org.dl4jplus.optim.first.vector.Selection;

/** Picks the largest of a list of numbers. */
public final class Largest {

  private Largest() {}

  /**
   * The positions of the k largest values; among equal ones the first.
   *
   * @param values the values, not changed
   * @param k how many; all if there are fewer
   * @return positions, ascending
   */
  public static int[] of(double[] values, int k) {
    int count = Math.min(k, values.length);
    double threshold = Selection.kthLargest(values.clone(), values.length, count);
    int above = 0;
    for (double value : values) {
      above += value > threshold ? 1 : 0;
    }
    int equal = count - above;
    int[] positions = new int[count];
    int found = 0;
    for (int i = 0; found < count && i < values.length; i++) {
      if (values[i] > threshold || values[i] == threshold && equal-- > 0) {
        positions[found++] = i;
      }
    }
    return Arrays.copyOf(positions, found);
  }
}
