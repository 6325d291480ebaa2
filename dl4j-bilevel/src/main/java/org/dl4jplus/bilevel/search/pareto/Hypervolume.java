package org.dl4jplus.bilevel.search.pareto;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.dl4jplus.optim.first.updater.Require;

/**
 * How much of the objectives' space lies between a set of points and a reference point that is
 * worse than all of interest. Exact: by a sweep for two objectives, by slices along the last one
 * for three, and by the WFG recursion for more. Objectives are to be small; points that are not
 * below the reference everywhere add nothing.
 *
 * <pre>{@code
 * HV(P, r) = volume of the union of the boxes [p, r], p in P
 * }</pre>
 *
 * <p>L. While, L. Bradstreet, L. Barone: "A Fast Way of Calculating Exact Hypervolumes", IEEE
 * Transactions on Evolutionary Computation 16 (2012).
 */
public final class Hypervolume {

  private Hypervolume() {}

  /**
   * The volume.
   *
   * @param points objectives to be small: [n, objectives]
   * @param reference the worst of each objective
   * @return at least 0
   * @throws IllegalArgumentException for points of other lengths than the reference, or NaN
   */
  public static double of(double[][] points, double[] reference) {
    ParetoFronts.check(points);
    ParetoFronts.check(new double[][] {Require.given("reference", reference)});
    List<double[]> inside = new ArrayList<>();
    for (double[] point : points) {
      Require.check(
          point.length == reference.length,
          "objectives of a point",
          point.length,
          "as many as the reference's: " + reference.length);
      boolean below = true;
      for (int k = 0; k < point.length; k++) {
        below &= point[k] < reference[k];
      }
      if (below) {
        inside.add(point);
      }
    }
    return volume(inside, reference);
  }

  /**
   * What each point adds to the others.
   *
   * @param points objectives to be small: [n, objectives]
   * @param reference the worst of each objective
   * @return the loss of volume without the point, for each of them
   * @throws IllegalArgumentException for points of other lengths than the reference, or NaN
   */
  public static double[] exclusive(double[][] points, double[] reference) {
    double all = of(points, reference);
    double[] exclusive = new double[points.length];
    for (int i = 0; i < points.length; i++) {
      double[][] others = new double[points.length - 1][];
      System.arraycopy(points, 0, others, 0, i);
      System.arraycopy(points, i + 1, others, i, others.length - i);
      exclusive[i] = all - of(others, reference);
    }
    return exclusive;
  }

  /**
   * A reference point for want of a better one.
   *
   * @param points objectives to be small, at least one point: [n, objectives]
   * @return the worst of each objective and a tenth of its size on top
   * @throws IllegalArgumentException for no points, points of different lengths, or NaN
   */
  public static double[] reference(double[][] points) {
    Require.count("number of points", points.length, 1);
    ParetoFronts.check(points);
    double[] reference = points[0].clone();
    for (double[] point : points) {
      for (int k = 0; k < point.length; k++) {
        reference[k] = Math.max(reference[k], point[k]);
      }
    }
    for (int k = 0; k < reference.length; k++) {
      reference[k] += 0.1 * Math.abs(reference[k]);
    }
    return reference;
  }

  private static double volume(List<double[]> points, double[] reference) {
    if (points.isEmpty()) {
      return 0;
    }
    return switch (reference.length) {
      case 1 -> reference[0] - points.stream().mapToDouble(p -> p[0]).min().orElseThrow();
      case 2 -> area(points, reference);
      case 3 -> slices(points, reference);
      default -> recursion(points, reference);
    };
  }

  private static double area(List<double[]> points, double[] reference) {
    List<double[]> sorted = new ArrayList<>(points);
    sorted.sort(Comparator.comparingDouble(p -> p[0]));
    double area = 0;
    double height = reference[1];
    for (double[] point : sorted) {
      if (point[1] < height) {
        area += (reference[0] - point[0]) * (height - point[1]);
        height = point[1];
      }
    }
    return area;
  }

  private static double slices(List<double[]> points, double[] reference) {
    List<double[]> sorted = new ArrayList<>(points);
    sorted.sort(Comparator.comparingDouble(p -> p[2]));
    double volume = 0;
    for (int i = 0; i < sorted.size(); i++) {
      double next = i + 1 < sorted.size() ? sorted.get(i + 1)[2] : reference[2];
      if (next > sorted.get(i)[2]) {
        volume += area(sorted.subList(0, i + 1), reference) * (next - sorted.get(i)[2]);
      }
    }
    return volume;
  }

  /** A point's own box less what points after it have of that box. */
  private static double recursion(List<double[]> points, double[] reference) {
    List<double[]> front = front(points);
    front.sort(Comparator.comparingDouble(p -> -p[0]));
    double volume = 0;
    for (int i = 0; i < front.size(); i++) {
      double[] point = front.get(i);
      double box = 1;
      for (int k = 0; k < point.length; k++) {
        box *= reference[k] - point[k];
      }
      List<double[]> limited = new ArrayList<>();
      for (double[] other : front.subList(i + 1, front.size())) {
        double[] both = new double[point.length];
        Arrays.setAll(both, k -> Math.max(point[k], other[k]));
        limited.add(both);
      }
      volume += box - (limited.isEmpty() ? 0 : recursion(limited, reference));
    }
    return volume;
  }

  /** The points that no other dominates, equal ones once. */
  private static List<double[]> front(List<double[]> points) {
    List<double[]> front = new ArrayList<>();
    for (double[] point : points) {
      if (front.stream()
          .noneMatch(p -> Arrays.equals(p, point) || ParetoFronts.dominates(p, point))) {
        front.removeIf(p -> ParetoFronts.dominates(point, p));
        front.add(point);
      }
    }
    return front;
  }
}
