package org.dl4jplus.bilevel.search.carbs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The front of cost and quality among observations, some of which were made at the same point. The
 * observations of a point form a group, whose cost and quality are means. The first group of the
 * front is the best of those that cost no more than a quantile of all costs; then, in order of
 * cost, a group enters when its quality beats that of the last one, whose place it takes where the
 * costs are equal. In the conservative front the first group is one with several observations where
 * there is one, and a group of a single observation enters only if it beats the best observation of
 * the last group.
 */
public final class CostFront {

  /**
   * The observations of a point.
   *
   * @param members their numbers
   * @param cost mean
   * @param quality mean of the outputs, negated where small ones are good
   * @param best largest quality of a member
   */
  public record Group(int[] members, double cost, double quality, double best) {}

  private final List<Group> groups;

  private CostFront(List<Group> groups) {
    this.groups = groups;
  }

  /**
   * Finds the front.
   *
   * @param points of the observations
   * @param costs of the observations, above 0
   * @param outputs of the observations
   * @param sign 1 where large outputs are good, -1 where small ones are
   * @param minFraction quantile of the costs below which the front begins, in [0, 1]
   * @param conservative whether single observations are mistrusted
   * @return the front
   * @throws IllegalArgumentException without observations, or where numbers differ
   */
  public static CostFront of(
      double[][] points,
      double[] costs,
      double[] outputs,
      int sign,
      double minFraction,
      boolean conservative) {
    if (points.length == 0 || points.length != costs.length || costs.length != outputs.length) {
      throw new IllegalArgumentException(
          "There must be as many points as costs and outputs, and at least one: "
              + points.length
              + ", "
              + costs.length
              + ", "
              + outputs.length);
    }
    List<Group> all = groups(points, costs, outputs, sign);
    double cut = quantile(costs, minFraction);
    List<Group> cheap = all.stream().filter(g -> g.cost() <= cut).toList();
    if (cheap.isEmpty()) {
      cheap = List.of(all.get(0));
    }
    List<Group> repeated = cheap.stream().filter(g -> g.members().length > 1).toList();
    if (conservative && !repeated.isEmpty()) {
      cheap = repeated;
    }
    Group last = cheap.stream().max(Comparator.comparingDouble(Group::quality)).orElseThrow();
    List<Group> front = new ArrayList<>(List.of(last));
    for (Group group : all) {
      double bar = conservative && group.members().length == 1 ? last.best() : last.quality();
      if (group.cost() >= last.cost() && group.quality() > bar) {
        if (group.cost() == last.cost()) {
          front.remove(front.size() - 1);
        }
        front.add(group);
        last = group;
      }
    }
    return new CostFront(List.copyOf(front));
  }

  /** All groups, the cheap ones first. */
  private static List<Group> groups(double[][] points, double[] costs, double[] outputs, int sign) {
    Map<List<Double>, List<Integer>> byPoint = new LinkedHashMap<>();
    for (int i = 0; i < points.length; i++) {
      List<Double> key = Arrays.stream(points[i]).boxed().toList();
      byPoint.computeIfAbsent(key, k -> new ArrayList<>()).add(i);
    }
    List<Group> groups = new ArrayList<>();
    for (List<Integer> members : byPoint.values()) {
      double cost = members.stream().mapToDouble(i -> costs[i]).average().orElseThrow();
      double quality = members.stream().mapToDouble(i -> sign * outputs[i]).average().orElseThrow();
      double best = members.stream().mapToDouble(i -> sign * outputs[i]).max().orElseThrow();
      groups.add(
          new Group(members.stream().mapToInt(Integer::intValue).toArray(), cost, quality, best));
    }
    groups.sort(Comparator.comparingDouble(Group::cost));
    return groups;
  }

  /** The value below which a fraction of the values lies, interpolated between neighbours. */
  static double quantile(double[] values, double fraction) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double at = fraction * (sorted.length - 1);
    int below = (int) Math.min(Math.floor(at), sorted.length - 2.0);
    if (below < 0) {
      return sorted[0];
    }
    return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
  }

  /**
   * The groups of the front.
   *
   * @return in order of cost
   */
  public List<Group> groups() {
    return groups;
  }

  /**
   * The area under the front: the cost from each group to the next one, times the mean output that
   * is to be had for it.
   *
   * @param outputs of the observations, as they were given
   * @return the sum over consecutive groups; 0 for a single one
   */
  public double area(double[] outputs) {
    double area = 0;
    for (int i = 0; i + 1 < groups.size(); i++) {
      double mean =
          Arrays.stream(groups.get(i).members()).mapToDouble(m -> outputs[m]).average().orElse(0);
      area += (groups.get(i + 1).cost() - groups.get(i).cost()) * mean;
    }
    return area;
  }
}
