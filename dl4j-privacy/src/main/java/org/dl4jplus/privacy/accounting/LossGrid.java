package org.dl4jplus.privacy.accounting;

import java.util.Arrays;

/**
 * A privacy loss on multiples of a step. What lies between two neighbouring points is shared
 * between them so that both P's and Q's mass stay: the delta is exact at the points, and too large
 * between them. What lies below the first point is rounded up to it, and what lies above the last
 * one is shared between it and infinity.
 *
 * <p>V. Doroshenko, B. Ghazi, P. Kamath, R. Kumar, P. Manurangsi: "Connect the Dots: Tighter
 * Discrete Approximations of Privacy Loss Distributions", arXiv 2207.04380 (2022). The shares are
 * worked out cell by cell instead of by second differences of delta, whose rounding error would be
 * divided by the step: here it moves mass to the next point at most.
 *
 * @param step above 0
 * @param points the losses over the step, ascending
 * @param mass P's at each point
 * @param infinite P's at infinity
 */
record LossGrid(double step, long[] points, double[] mass, double infinite) {

  /**
   * Puts a loss on a grid.
   *
   * @param loss the loss
   * @param step above 0
   * @param part points lie at most this part of their loss apart, or one step; 0 for one step
   *     everywhere
   */
  static LossGrid of(PrivacyLoss loss, double step, double part) {
    long[] points = points(loss, step, part);
    double[] mass = new double[points.length];
    double[] here = new double[2];
    double[] next = new double[2];
    loss.above(points[0] * step, here);
    mass[0] = 1 - here[0];
    for (int k = 0; k + 1 < mass.length; k++) {
      loss.above(points[k + 1] * step, next);
      double width = (points[k + 1] - points[k]) * step;
      double cell = Math.max(0, here[0] - next[0]);
      double up = here[0] - next[0] - (here[1] - Math.exp(-width) * next[1]);
      up = Math.min(cell, Math.max(0, up / -Math.expm1(-width)));
      mass[k] += cell - up;
      mass[k + 1] += up;
      double[] swap = here;
      here = next;
      next = swap;
    }
    double infinite = Math.min(here[0], Math.max(0, here[0] - here[1]));
    mass[mass.length - 1] += here[0] - infinite;
    return new LossGrid(step, points, mass, infinite);
  }

  private static long[] points(PrivacyLoss loss, double step, double part) {
    long last = (long) Math.ceil(loss.largest() / step);
    long point = Math.min(last - 1, (long) Math.floor(loss.least() / step));
    long[] points = new long[1024];
    int count = 0;
    while (point < last) {
      if (count + 2 > points.length) {
        points = Arrays.copyOf(points, 2 * points.length);
      }
      points[count++] = point;
      point += Math.max(1, (long) (Math.abs(point) * part));
    }
    points[count++] = last;
    return Arrays.copyOf(points, count);
  }

  long first() {
    return points[0];
  }

  long last() {
    return points[points.length - 1];
  }

  /** log E[e^(order loss); loss finite], or infinity where it underflows. */
  double logMoment(double order) {
    long largest = order > 0 ? last() : first();
    double sum = 0;
    for (int k = 0; k < mass.length; k++) {
      sum += mass[k] * Math.exp(order * step * (points[k] - largest));
    }
    return sum < 1e-290 ? Double.POSITIVE_INFINITY : Math.log(sum) + order * step * largest;
  }

  /** Of the finite losses. */
  double variance() {
    double total = 0;
    double sum = 0;
    for (int k = 0; k < mass.length; k++) {
      total += mass[k];
      sum += points[k] * mass[k];
    }
    double mean = sum / total;
    double squares = 0;
    for (int k = 0; k < mass.length; k++) {
      squares += (points[k] - mean) * (points[k] - mean) * mass[k];
    }
    return squares / total * step * step;
  }
}
