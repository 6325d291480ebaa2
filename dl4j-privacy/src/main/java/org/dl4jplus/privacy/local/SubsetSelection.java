package org.dl4jplus.privacy.local;

import java.util.BitSet;
import java.util.stream.IntStream;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * SS and ASS, subset selection: a set of w values that holds the true one with probability p; the
 * rest is uniform.
 *
 * <pre>{@code
 * p = w e^epsilon / (w e^epsilon + k - w)
 * q = (w e^epsilon (w - 1) + (k - w) w) / ((k - 1) (w e^epsilon + k - w))
 * SS: w = max(1, round(k / (e^epsilon + 1)))
 * ASS: the w in [1, k-2] with the smallest weighted sum
 * attack: uniform in the set; right with probability p / w
 * }</pre>
 *
 * <p>Min Ye, Alexander Barg: "Optimal Schemes for Discrete Distribution Estimation under Locally
 * Differential Privacy", arXiv 1702.00610 (2017); ASS: arXiv 2503.01482 (2025).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class SubsetSelection extends BitReports {

  private final int size;

  @Getter(AccessLevel.NONE)
  @ToString.Exclude
  private final transient Coin misses;

  /**
   * With any size.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param size of a report's set, in [1, values - 1]; null for the one with the smallest error
   * @throws IllegalArgumentException outside these ranges
   */
  @JsonCreator
  public SubsetSelection(
      @JsonProperty("values") int values,
      @JsonProperty("epsilon") double epsilon,
      @JsonProperty("size") Integer size) {
    super(values, epsilon);
    this.size =
        size == null ? (int) Math.max(1, Math.rint(values / (Math.exp(epsilon) + 1))) : size;
    Require.within("size", (double) this.size, 1, 1, values - 1);
    misses = Coin.atLeast(others() / (this.size + others()));
  }

  private double others() {
    return (getValues() - size) * shrink(getEpsilon());
  }

  /**
   * SS: the size with the smallest error.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static SubsetSelection optimized(int values, double epsilon) {
    return new SubsetSelection(values, epsilon, null);
  }

  /**
   * ASS: the size with the smallest {@code weightAsr * attackerSuccessRate + (1 - weightAsr) *
   * mse(1)}.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param weightAsr what resistance to attacks counts, in [0, 1]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static SubsetSelection adaptive(int values, double epsilon, double weightAsr) {
    return best(
        weightAsr,
        IntStream.rangeClosed(1, Math.max(1, values - 2))
            .mapToObj(size -> new SubsetSelection(values, epsilon, size)));
  }

  @Override
  public double p() {
    return size / (size + others());
  }

  @Override
  public double q() {
    return size * (size - 1 + others()) / ((getValues() - 1) * (size + others()));
  }

  @Override
  public BitSet perturb(int value, NoiseSource noise) {
    checkPerturbs(value);
    boolean missed = misses.toss(noise);
    int others = missed ? size : size - 1;
    BitSet report = new BitSet(getValues());
    // Floyd's draw of a uniform subset of the other values, numbered without a gap.
    for (int last = getValues() - 1 - others; last < getValues() - 1; last++) {
      int draw = skip(value, (int) noise.uniform(last + 1L));
      report.set(report.get(draw) ? skip(value, last) : draw);
    }
    report.set(value, !missed);
    return report;
  }

  private static int skip(int value, int index) {
    return index < value ? index : index + 1;
  }

  @Override
  public void count(BitSet report, double[] counts) {
    checkReport(report.cardinality() == size);
    super.count(report, counts);
  }

  @Override
  public int attack(BitSet report, NoiseSource noise) {
    checkReport(report.cardinality() == size);
    return super.attack(report, noise);
  }

  @Override
  public double attackerSuccessRate() {
    return 1 / (size + others());
  }

  Coin misses() {
    return misses;
  }
}
