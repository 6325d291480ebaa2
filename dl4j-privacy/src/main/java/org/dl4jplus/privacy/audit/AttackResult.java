package org.dl4jplus.privacy.audit;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.updater.Require;

/** How well an attack's scores tell members from others. */
public final class AttackResult {

  /**
   * A point of the curve of what an attack can reach.
   *
   * @param falsePositiveRate share of the others that are called members
   * @param truePositiveRate share of the members that are called so
   */
  public record RocPoint(double falsePositiveRate, double truePositiveRate) {}

  private final double[] scores;
  private final boolean[] members;
  private final List<RocPoint> roc;

  /**
   * Looks at scores.
   *
   * @param scores higher for what looks more like a member
   * @param members the truth, of the same length, with both kinds
   * @throws IllegalArgumentException if the lengths differ, if there are no members or only
   *     members, or if a score is not a number
   */
  public AttackResult(double[] scores, boolean[] members) {
    Require.check(
        members.length == scores.length, "members.length", members.length, "" + scores.length);
    if (Arrays.stream(scores).anyMatch(Double::isNaN)) {
      throw new IllegalArgumentException("scores must be numbers, got NaN");
    }
    this.scores = scores.clone();
    this.members = members.clone();
    long count = IntStream.range(0, members.length).filter(i -> members[i]).count();
    Require.check(
        count > 0 && count < members.length,
        "number of members",
        count,
        "in [1, " + (members.length - 1) + "]");
    roc = curve(count);
  }

  /** From no one called a member to everyone; equal scores are one step. */
  private List<RocPoint> curve(long count) {
    int[] order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -scores[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    RocPoint[] points = new RocPoint[scores.length + 1];
    points[0] = new RocPoint(0, 0);
    int size = 1;
    int right = 0;
    for (int k = 0; k < order.length; k++) {
      right += members[order[k]] ? 1 : 0;
      if (k + 1 == order.length || scores[order[k + 1]] != scores[order[k]]) {
        points[size++] =
            new RocPoint((k + 1 - right) / (double) (order.length - count), right / (double) count);
      }
    }
    return List.of(Arrays.copyOf(points, size));
  }

  /**
   * The scores.
   *
   * @return a copy, in the order in which they came
   */
  public double[] scores() {
    return scores.clone();
  }

  /**
   * Who is a member.
   *
   * @return a copy, in the order of the scores
   */
  public boolean[] members() {
    return members.clone();
  }

  /**
   * The whole curve.
   *
   * @return from (0, 0) to (1, 1), a point for each threshold
   */
  public List<RocPoint> roc() {
    return roc;
  }

  /**
   * Area under the curve: how often a member's score is above another's, equal ones counted half.
   *
   * @return 0.5 for scores that say nothing
   */
  public double auc() {
    double area = 0;
    for (int k = 1; k < roc.size(); k++) {
      RocPoint from = roc.get(k - 1);
      RocPoint to = roc.get(k);
      area +=
          (to.falsePositiveRate() - from.falsePositiveRate())
              * (to.truePositiveRate() + from.truePositiveRate())
              / 2;
    }
    return area;
  }

  /**
   * The best accuracy on as many members as others: max 1 - (FPR + 1 - TPR)/2.
   *
   * @return in [0.5, 1]
   */
  public double balancedAccuracy() {
    return roc.stream()
        .mapToDouble(p -> 1 - (p.falsePositiveRate() + 1 - p.truePositiveRate()) / 2)
        .max()
        .orElseThrow();
  }

  /**
   * How many members are found while few others are called members: the last point of the curve
   * with a false positive rate below the given one.
   *
   * @param falsePositiveRate not reached, in (0, 1]; usually 0.001 or 0.01
   * @return the true positive rate
   * @throws IllegalArgumentException outside the range
   */
  public double tprAtFpr(double falsePositiveRate) {
    Require.check(
        falsePositiveRate > 0 && falsePositiveRate <= 1,
        "falsePositiveRate",
        falsePositiveRate,
        "in (0, 1]");
    double found = 0;
    for (RocPoint point : roc) {
      if (point.falsePositiveRate() < falsePositiveRate) {
        found = point.truePositiveRate();
      }
    }
    return found;
  }
}
