package org.dl4jplus.integration.headline;

import java.util.Arrays;

/**
 * Two pieces of work that take turns, so that both meet the same load of the machine.
 *
 * @param first median seconds of the first one
 * @param second median seconds of the second one
 */
record Turns(double first, double second) {

  static Turns of(int warmUp, int rounds, Runnable first, Runnable second) {
    double[] firstTimes = new double[rounds];
    double[] secondTimes = new double[rounds];
    for (int round = -warmUp; round < rounds; round++) {
      double one = seconds(first);
      double two = seconds(second);
      if (round >= 0) {
        firstTimes[round] = one;
        secondTimes[round] = two;
      }
    }
    return new Turns(median(firstTimes), median(secondTimes));
  }

  private static double seconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
