package org.dl4jplus.optim.first.linalg;

import java.util.Arrays;

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
    double threshold = value(values.clone(), values.length, count);
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

  /**
   * The k-th largest value, in linear time on average.
   *
   * @param values the values; reordered
   * @param length how many of them count
   * @param k rank from the top, from 1 to {@code length}
   * @return the value
   */
  public static double value(double[] values, int length, int k) {
    int low = 0;
    int position = k - 1;
    int high = length - 1;
    while (low < high) {
      double pivot = values[(low + high) >>> 1];
      int i = low;
      int j = high;
      while (i <= j) {
        while (values[i] > pivot) {
          i++;
        }
        while (values[j] < pivot) {
          j--;
        }
        if (i <= j) {
          double other = values[i];
          values[i++] = values[j];
          values[j--] = other;
        }
      }
      if (position <= j) {
        high = j;
      } else if (position >= i) {
        low = i;
      } else {
        return values[position];
      }
    }
    return values[position];
  }
}
