package org.dl4jplus.optim.zeroth.estimate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Orders of numbers. */
final class Ranks {

  private Ranks() {}

  static int[] identity(int n) {
    return IntStream.range(0, n).toArray();
  }

  /** The places of the largest entries, in ascending order. */
  static int[] largest(double[] values, int count) {
    int[] order = ascending(values);
    int[] chosen = Arrays.copyOfRange(order, order.length - count, order.length);
    Arrays.sort(chosen);
    return chosen;
  }

  private static int[] ascending(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> values[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Ranks from -0.5 for the smallest to 0.5 for the largest; equal values share their mean. */
  static double[] centred(double[] values) {
    int n = values.length;
    int[] order = ascending(values);
    double[] ranks = new double[n];
    for (int from = 0; from < n; ) {
      int to = from + 1;
      while (to < n && values[order[to]] == values[order[from]]) {
        to++;
      }
      double rank = n == 1 ? 0 : (from + to - 1) / 2.0 / (n - 1) - 0.5;
      for (int i = from; i < to; i++) {
        ranks[order[i]] = rank;
      }
      from = to;
    }
    return ranks;
  }
}
