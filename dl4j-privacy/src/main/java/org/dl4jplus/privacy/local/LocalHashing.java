package org.dl4jplus.privacy.local;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * BLH, OLH and ALH, local hashing: the value is hashed into one of g buckets by a hash function
 * that each report draws anew, and the bucket goes through randomised response. A report supports
 * every value that hashes to its bucket.
 *
 * <pre>{@code
 * p = e^epsilon / (e^epsilon + g - 1)     q = 1 / g
 * BLH: g = 2     OLH: g = round(e^epsilon) + 1
 * ALH: the g in [2, max(k, round(e^epsilon) + 2) - 1] with the smallest weighted sum
 * attack: uniform among the supported values
 * }</pre>
 *
 * <p>The hash is xxh32 of the value's decimal digits, modulo g; q is 1/g up to g 2^-32. The
 * published attack rates are approximations and from above: p / max(k/g, 1), and for OLH 1 / (2
 * max(k / (e^epsilon + 1), 1)) with p and g not rounded. The guess itself is right with probability
 * (1-p) (1-q)^(k-1) / k + p (1 - (1-q)^k) / (k q), as with unary encoding.
 *
 * <p>Tianhao Wang, Jeremiah Blocki, Ninghui Li, Somesh Jha: "Locally Differentially Private
 * Protocols for Frequency Estimation", arXiv 1705.04421 (2017); ALH: arXiv 2503.01482 (2025).
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class LocalHashing extends Protocol<LocalHashing.Report> {

  /**
   * A report.
   *
   * @param bucket in [0, g)
   * @param seed of the hash function
   */
  public record Report(int bucket, int seed) {}

  private static final int PRIME_1 = 0x9E3779B1;
  private static final int PRIME_2 = 0x85EBCA77;
  private static final int PRIME_3 = 0xC2B2AE3D;
  private static final int PRIME_4 = 0x27D4EB2F;
  private static final int PRIME_5 = 0x165667B1;

  @Getter private final Double buckets;

  @ToString.Exclude private final transient Coin lies;

  /**
   * With any number of buckets.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param buckets g, a whole number of at least 2, and at most 2^31 - 1 to perturb; null for
   *     round(e^epsilon) + 1 (OLH)
   * @throws IllegalArgumentException outside these ranges
   */
  @JsonCreator
  public LocalHashing(
      @JsonProperty("values") int values,
      @JsonProperty("epsilon") double epsilon,
      @JsonProperty("buckets") Double buckets) {
    super(values, epsilon);
    if (buckets != null) {
      Require.check(
          buckets >= 2 && buckets == Math.rint(buckets) && buckets < Double.POSITIVE_INFINITY,
          "buckets",
          buckets,
          "a whole number of at least 2");
    }
    this.buckets = buckets;
    lies = Coin.atLeast(odds() / (1 + odds()));
  }

  /**
   * BLH: two buckets.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static LocalHashing binary(int values, double epsilon) {
    return new LocalHashing(values, epsilon, 2.0);
  }

  /**
   * OLH: the number of buckets with the smallest error.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static LocalHashing optimized(int values, double epsilon) {
    return new LocalHashing(values, epsilon, null);
  }

  /**
   * ALH: the number of buckets with the smallest {@code weightAsr * attackerSuccessRate + (1 -
   * weightAsr) * mse(1)}.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param weightAsr what resistance to attacks counts, in [0, 1]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static LocalHashing adaptive(int values, double epsilon, double weightAsr) {
    // From g = k on both terms fall until g = round(e^epsilon) + 1: mse(1) is a multiple of
    // (e^epsilon + g - 1)^2 / (g - 1), so of these only the last can be the smallest.
    double last = Math.rint(Math.exp(epsilon)) + 1;
    DoubleStream few = IntStream.range(2, Math.max(values, 3)).asDoubleStream();
    DoubleStream many = last >= Math.max(values, 3) ? DoubleStream.of(last) : DoubleStream.empty();
    return best(
        weightAsr,
        DoubleStream.concat(few, many).mapToObj(g -> new LocalHashing(values, epsilon, g)));
  }

  /**
   * The number of buckets.
   *
   * @return g, a whole number
   */
  public double g() {
    return buckets == null ? Math.rint(Math.exp(getEpsilon())) + 1 : buckets;
  }

  private double odds() {
    return (g() - 1) * shrink(getEpsilon());
  }

  @Override
  public double p() {
    return 1 / (1 + odds());
  }

  @Override
  public double q() {
    return 1 / g();
  }

  @Override
  public Report perturb(int value, NoiseSource noise) {
    checkPerturbs(value);
    Require.check(g() <= Integer.MAX_VALUE, "buckets", g(), "at most 2^31 - 1");
    int seed = (int) noise.bits();
    int bucket = bucket(value, seed);
    return new Report(lies.toss(noise) ? other(bucket, (long) g(), noise) : bucket, seed);
  }

  @Override
  public void count(Report report, double[] counts) {
    supported(report).stream().forEach(v -> counts[v]++);
  }

  @Override
  public int attack(Report report, NoiseSource noise) {
    return BitReports.guess(supported(report), getValues(), noise);
  }

  private BitSet supported(Report report) {
    checkReport(report.bucket() >= 0 && report.bucket() < g());
    BitSet supported = new BitSet(getValues());
    for (int v = 0; v < getValues(); v++) {
      supported.set(v, bucket(v, report.seed()) == report.bucket());
    }
    return supported;
  }

  @Override
  public double attackerSuccessRate() {
    return buckets == null
        ? 1 / (2 * Math.max(getValues() / (Math.exp(getEpsilon()) + 1), 1))
        : p() / Math.max(getValues() / g(), 1);
  }

  private int bucket(int value, int seed) {
    return (int) Long.remainderUnsigned(Integer.toUnsignedLong(hash(value, seed)), (long) g());
  }

  /**
   * The 32-bit xxHash of a value's decimal digits.
   *
   * @param value at least 0
   * @param seed of the function
   * @return 32 bits, to be read without a sign
   */
  public static int hash(int value, int seed) {
    byte[] digits = Integer.toString(value).getBytes(StandardCharsets.US_ASCII);
    // Below 16 bytes xxh32 has no stripes, only the tail.
    int hash = seed + PRIME_5 + digits.length;
    int i = 0;
    for (; i + 4 <= digits.length; i += 4) {
      int word = digits[i] | digits[i + 1] << 8 | digits[i + 2] << 16 | digits[i + 3] << 24;
      hash = Integer.rotateLeft(hash + word * PRIME_3, 17) * PRIME_4;
    }
    for (; i < digits.length; i++) {
      hash = Integer.rotateLeft(hash + digits[i] * PRIME_5, 11) * PRIME_1;
    }
    hash = (hash ^ hash >>> 15) * PRIME_2;
    hash = (hash ^ hash >>> 13) * PRIME_3;
    return hash ^ hash >>> 16;
  }

  Coin lies() {
    return lies;
  }
}
