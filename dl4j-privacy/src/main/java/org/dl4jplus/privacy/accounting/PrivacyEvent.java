package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * One release, as accountants see it. Noise multipliers are the standard deviation (or scale) over
 * the sensitivity under the relations that the event names. Values outside their ranges and
 * relations that a kind of release cannot have are refused.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public sealed interface PrivacyEvent {

  /**
   * The relations for which the event's numbers hold.
   *
   * @return at least one; cannot be changed
   */
  Set<Neighbours> relations();

  /**
   * Gaussian noise on a sum that contains each record once.
   *
   * @param noiseMultiplier standard deviation over sensitivity; 0 hides nothing
   * @param relations for which it holds
   */
  record Gaussian(double noiseMultiplier, Set<Neighbours> relations) implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param noiseMultiplier the noise
     * @param relations copied
     */
    public Gaussian {
      nonNegative("noiseMultiplier", noiseMultiplier, 0);
      relations = allowed(relations, EnumSet.allOf(Neighbours.class));
    }
  }

  /**
   * Gaussian noise on a sum over a Poisson sample.
   *
   * @param samplingRate probability of each record, in [0, 1]
   * @param noiseMultiplier standard deviation over sensitivity
   * @param relations for which it holds; not REPLACE_ONE
   */
  record PoissonGaussian(double samplingRate, double noiseMultiplier, Set<Neighbours> relations)
      implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param samplingRate the probability
     * @param noiseMultiplier the noise
     * @param relations copied
     */
    public PoissonGaussian {
      within("samplingRate", samplingRate, 0, 0, 1);
      nonNegative("noiseMultiplier", noiseMultiplier, 0);
      relations = allowed(relations, EnumSet.of(Neighbours.ADD_REMOVE, Neighbours.REPLACE_ZERO));
    }
  }

  /**
   * Gaussian noise on a sum over a fresh uniform subset of fixed size.
   *
   * @param records in the data
   * @param batch size of the subset, from 0 to all records
   * @param noiseMultiplier standard deviation over sensitivity
   * @param relations for which it holds: REPLACE_ONE
   */
  record WithoutReplacementGaussian(
      int records, int batch, double noiseMultiplier, Set<Neighbours> relations)
      implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param records in the data
     * @param batch size of the subset
     * @param noiseMultiplier the noise
     * @param relations copied
     */
    public WithoutReplacementGaussian {
      atLeast("records", records, 1, 1);
      check(batch >= 0 && batch <= records, "batch", batch, "in [0, " + records + "]");
      nonNegative("noiseMultiplier", noiseMultiplier, 0);
      relations = allowed(relations, EnumSet.of(Neighbours.REPLACE_ONE));
    }
  }

  /**
   * Laplace noise.
   *
   * @param scale the distribution's scale over the sensitivity; 0 hides nothing
   * @param relations for which it holds
   */
  record Laplace(double scale, Set<Neighbours> relations) implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param scale the scale
     * @param relations copied
     */
    public Laplace {
      nonNegative("scale", scale, 0);
      relations = allowed(relations, EnumSet.allOf(Neighbours.class));
    }
  }

  /**
   * Any (epsilon, 0) mechanism.
   *
   * @param epsilon its epsilon
   * @param relations for which it holds
   */
  record PureDp(double epsilon, Set<Neighbours> relations) implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param epsilon the epsilon
     * @param relations copied
     */
    public PureDp {
      nonNegative("epsilon", epsilon, 0);
      relations = allowed(relations, EnumSet.allOf(Neighbours.class));
    }
  }

  /**
   * Any rho-zCDP mechanism.
   *
   * @param rho its rho
   * @param relations for which it holds
   */
  record ZCdp(double rho, Set<Neighbours> relations) implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param rho the rho
     * @param relations copied
     */
    public ZCdp {
      nonNegative("rho", rho, 0);
      relations = allowed(relations, EnumSet.allOf(Neighbours.class));
    }
  }

  /**
   * Tree aggregation of one epoch: each record is in one leaf.
   *
   * @param noiseMultiplier standard deviation of a node over the sensitivity of a leaf
   * @param steps number of leaves at most
   * @param relations for which it holds; not ADD_REMOVE, which moves the other records to other
   *     leaves
   */
  record Tree(double noiseMultiplier, int steps, Set<Neighbours> relations)
      implements PrivacyEvent {

    /**
     * Checks the values and copies the relations.
     *
     * @param noiseMultiplier the noise
     * @param steps leaves at most
     * @param relations copied
     */
    public Tree {
      nonNegative("noiseMultiplier", noiseMultiplier, 0);
      atLeast("steps", steps, 1, 1);
      relations = allowed(relations, EnumSet.of(Neighbours.REPLACE_ZERO, Neighbours.REPLACE_ONE));
    }

    /**
     * How many nodes a record is in: ceil(log2(steps + 1)).
     *
     * @return at least 1
     */
    int levels() {
      return Integer.SIZE - Integer.numberOfLeadingZeros(steps);
    }
  }

  /**
   * A release whose Renyi divergences were worked out elsewhere. The arrays are copied on the way
   * in and out, and compared by their values.
   *
   * @param orders above 1, ascending
   * @param values the divergence at each, or more; infinite where it is not known
   * @param relations for which they hold
   */
  record RdpCurve(double[] orders, double[] values, Set<Neighbours> relations)
      implements PrivacyEvent {

    /**
     * Checks the values and copies arrays and relations.
     *
     * @param orders ascending
     * @param values the divergences
     * @param relations copied
     */
    public RdpCurve {
      orders = orders.clone();
      values = values.clone();
      if (orders.length == 0 || orders.length != values.length) {
        throw new IllegalArgumentException(
            "orders and values must have the same length, at least 1, got "
                + orders.length
                + " and "
                + values.length);
      }
      for (int i = 0; i < orders.length; i++) {
        double least = i == 0 ? 1 : orders[i - 1];
        check(
            orders[i] > least && orders[i] < Double.POSITIVE_INFINITY,
            "orders[" + i + "]",
            orders[i],
            "finite and above " + least);
        check(values[i] >= 0, "values[" + i + "]", values[i], "at least 0");
      }
      relations = allowed(relations, EnumSet.allOf(Neighbours.class));
    }

    /**
     * The orders.
     *
     * @return a copy
     */
    @Override
    public double[] orders() {
      return orders.clone();
    }

    /**
     * The divergences.
     *
     * @return a copy
     */
    @Override
    public double[] values() {
      return values.clone();
    }

    /**
     * An upper bound of the divergence at any order: (order - 1) times the divergence is convex in
     * the order and 0 at 1, so that it lies below the chords. Infinite above the last order.
     */
    double at(double order) {
      int next = Arrays.binarySearch(orders, order);
      if (next >= 0) {
        return values[next];
      }
      next = -next - 1;
      if (next == orders.length) {
        return Double.POSITIVE_INFINITY;
      }
      if (next == 0) {
        return values[0];
      }
      double part = (order - orders[next - 1]) / (orders[next] - orders[next - 1]);
      double below = (1 - part) * (orders[next - 1] - 1) * values[next - 1];
      return (below + part * (orders[next] - 1) * values[next]) / (order - 1);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof RdpCurve that
          && Arrays.equals(orders, that.orders)
          && Arrays.equals(values, that.values)
          && relations.equals(that.relations);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * Arrays.hashCode(orders) + Arrays.hashCode(values)) + relations.hashCode();
    }

    @Override
    public String toString() {
      return "RdpCurve[orders="
          + Arrays.toString(orders)
          + ", values="
          + Arrays.toString(values)
          + ", relations="
          + relations
          + "]";
    }
  }

  private static Set<Neighbours> allowed(Set<Neighbours> relations, Set<Neighbours> allowed) {
    if (relations == null || relations.isEmpty() || !allowed.containsAll(relations)) {
      throw new IllegalArgumentException(
          "relations must be at least one of " + allowed + ", got " + relations);
    }
    return Collections.unmodifiableSet(EnumSet.copyOf(relations));
  }
}
