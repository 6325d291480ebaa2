package org.dl4jplus.ot.projection;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntToDoubleFunction;

/** The choice of the largest entries; of equal ones the first counts. */
final class Largest {

  private Largest() {}

  static int[] indices(int length, int count, IntToDoubleFunction value) {
    Integer[] order = new Integer[length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> -value.applyAsDouble(i)));
    return Arrays.stream(order).limit(count).mapToInt(Integer::intValue).toArray();
  }
}
