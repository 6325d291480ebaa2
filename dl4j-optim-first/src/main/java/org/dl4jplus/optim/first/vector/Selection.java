package org.dl4jplus.optim.first.vector;

/** Order statistics without sorting. */
public final class Selection {

  private Selection() {}

  /**
   * The k-th largest value, in linear time on average.
   *
   * @param values the values; reordered
   * @param length how many of them count
   * @param k rank from the top, from 1 to {@code length}
   * @return the value
   */
  public static double kthLargest(double[] values, int length, int k) {
    int target = length - k;
    int low = 0;
    int high = length - 1;
    while (low < high) {
      double pivot = values[low + high >>> 1];
      int i = low;
      int j = high;
      while (i <= j) {
        while (values[i] < pivot) {
          i++;
        }
        while (values[j] > pivot) {
          j--;
        }
        if (i <= j) {
          double swapped = values[i];
          values[i++] = values[j];
          values[j--] = swapped;
        }
      }
      if (target <= j) {
        high = j;
      } else if (target >= i) {
        low = i;
      } else {
        break;
      }
    }
    return values[target];
  }
}
