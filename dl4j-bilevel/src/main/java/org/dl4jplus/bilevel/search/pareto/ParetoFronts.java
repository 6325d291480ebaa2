package org.dl4jplus.bilevel.search.pareto;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.updater.Require;

/**
 * Which points are better than others where there are several objectives, all to be small. A point
 * dominates another if it is nowhere worse and somewhere better.
 */
public final class ParetoFronts {

  private ParetoFronts() {}

  /**
   * Whether a point is better than another.
   *
   * @param a objectives
   * @param b objectives, as many
   * @return true if a is nowhere above b and somewhere below it
   */
  public static boolean dominates(double[] a, double[] b) {
    boolean better = false;
    for (int k = 0; k < a.length; k++) {
      if (a[k] > b[k]) {
        return false;
      }
      better |= a[k] < b[k];
    }
    return better;
  }

  /**
   * Parts points into fronts: front 0 is dominated by nobody, front 1 by points of front 0 only,
   * and so on. Equal points are in the same front.
   *
   * @param points objectives to be small: [n, objectives]
   * @return the front of each point, from 0
   * @throws IllegalArgumentException for points of different lengths, or NaN
   */
  public static int[] ranks(double[][] points) {
    check(points);
    int[] ranks = new int[points.length];
    Arrays.fill(ranks, -1);
    int left = points.length;
    for (int rank = 0; left > 0; rank++) {
      List<Integer> front = new ArrayList<>();
      for (int i = 0; i < points.length; i++) {
        boolean dominated = ranks[i] >= 0;
        for (int j = 0; j < points.length && !dominated; j++) {
          dominated = ranks[j] < 0 && dominates(points[j], points[i]);
        }
        if (!dominated) {
          front.add(i);
        }
      }
      for (int i : front) {
        ranks[i] = rank;
      }
      left -= front.size();
    }
    return ranks;
  }

  /**
   * Orders points by their fronts, and within a front by a net that grows coarse to fine: the first
   * of all is the best of front 0 in the first objective, and then always comes the point that is
   * farthest from all before it, those of earlier fronts too. Ties go to the better one in the
   * first objective, then to the lower number.
   *
   * <pre>{@code
   * next = argmax over i left in the front of min over j picked of ||f_i - f_j||
   * }</pre>
   *
   * <p>A. Dushatskiy, A. Chebykin, T. Alderliesten, P. A. N. Bosman: "Multi-Objective Population
   * Based Training", ICML 2023, arXiv 2306.01436.
   *
   * @param points objectives to be small: [n, objectives]
   * @return numbers of the points, the best first
   * @throws IllegalArgumentException for points of different lengths, or numbers that are not
   *     finite
   */
  public static int[] netOrder(double[][] points) {
    check(points);
    for (double[] point : points) {
      for (double value : point) {
        Require.finite("objective", value, 0);
      }
    }
    int[] ranks = ranks(points);
    double[] distance = new double[points.length];
    Arrays.fill(distance, Double.POSITIVE_INFINITY);
    int[] order = new int[points.length];
    int picked = 0;
    for (int rank = 0; picked < points.length; rank++) {
      int current = rank;
      List<Integer> front =
          new ArrayList<>(
              IntStream.range(0, points.length)
                  .filter(i -> ranks[i] == current)
                  .boxed()
                  .sorted(Comparator.comparingDouble(i -> points[i][0]))
                  .toList());
      while (!front.isEmpty()) {
        int next = front.get(0);
        for (int i : front) {
          if (distance[i] > distance[next]) {
            next = i;
          }
        }
        front.remove((Integer) next);
        order[picked++] = next;
        for (int i = 0; i < points.length; i++) {
          distance[i] = Math.min(distance[i], distance(points[i], points[next]));
        }
      }
    }
    return order;
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      sum += (a[k] - b[k]) * (a[k] - b[k]);
    }
    return Math.sqrt(sum);
  }

  static void check(double[][] points) {
    for (double[] point : Require.given("points", points)) {
      Require.check(
          point.length == points[0].length && point.length > 0,
          "objectives of a point",
          point.length,
          "as many as the first point's and at least 1");
      for (double value : point) {
        Require.check(!Double.isNaN(value), "objective", value, "a number");
      }
    }
  }
}
