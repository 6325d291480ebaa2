package org.dl4jplus.privacy;

import java.util.Arrays;
import java.util.EnumSet;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.ExponentialMechanism;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A private quantile of numbers in a known range, by the exponential mechanism. The sorted numbers,
 * clipped to the range, cut it into n + 1 intervals:
 *
 * <pre>{@code
 * P[interval i] = length_i exp(-epsilon |i - quantile records| / 2) / sum,   i = 0..n
 * }</pre>
 *
 * and the answer is uniform in the drawn interval. A record more or less, or another one, moves the
 * rank of any point, less its target, by at most 1; so this is (epsilon, 0)-private under every
 * relation of neighbours, and epsilon^2/8-zCDP.
 *
 * <p>Fields: {@code lower} and {@code upper}, the public range; {@code epsilon} above 0; {@code
 * quantile} in [0, 1], default 0.5; {@code records}, the public number of records that the
 * quantile's rank is taken of, null for the number of values.
 *
 * <p>A draw first rounds the numbers to one of 2^40 + 1 points of the range, and answers with the
 * middle between two of these: which doubles can come out does not depend on the data. It keeps a
 * millionth of epsilon back for the rounding of logarithms. Needs no check that some interval has a
 * length: together they fill the range.
 *
 * <p>Adam Smith: "Privacy-preserving Statistical Estimation with Optimal Convergence Rates", STOC
 * 2011.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class ExponentialQuantile {

  private static final double CELLS = 0x1p40;
  private static final double KEPT = 1 - 0x1p-20;

  private final double quantile;
  private final double epsilon;
  private final double lower;
  private final double upper;
  private final Integer records;

  @Builder
  @JsonCreator
  private ExponentialQuantile(
      @JsonProperty("quantile") Double quantile,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("lower") Double lower,
      @JsonProperty("upper") Double upper,
      @JsonProperty("records") Integer records) {
    this.quantile = Require.within("quantile", quantile, 0.5, 0, 1);
    this.epsilon = Require.positive("epsilon", epsilon, Double.NaN);
    this.lower = Require.finite("lower", lower, Double.NaN);
    this.upper = Require.finite("upper", upper, Double.NaN);
    // Twice: the length of the range must not overflow.
    Require.check(this.lower < this.upper, "lower", this.lower, "below upper = " + upper);
    Require.finite("upper - lower", this.upper - this.lower, 1);
    this.records = records;
    if (records != null) {
      Require.count("records", records, 1);
    }
  }

  /**
   * The ends of the intervals, as they are before a draw rounds them.
   *
   * @param values at least one, not changed
   * @return lower, the sorted and clipped values, upper
   * @throws IllegalArgumentException if there are none, or for NaN
   */
  public double[] edges(double[] values) {
    Require.check(values.length > 0, "values", values.length, "at least one number");
    double[] edges = new double[values.length + 2];
    edges[0] = lower;
    edges[1] = upper;
    for (int i = 0; i < values.length; i++) {
      if (Double.isNaN(values[i])) {
        throw new IllegalArgumentException("values must not be NaN");
      }
      edges[i + 2] = Math.min(Math.max(values[i], lower), upper);
    }
    Arrays.sort(edges);
    return edges;
  }

  /**
   * The probabilities of the intervals.
   *
   * @param values at least one, not changed
   * @return one more than there are values; they depend on the data and are not private
   * @throws IllegalArgumentException if there are none, or for NaN
   */
  public double[] probabilities(double[] values) {
    double[] probabilities = logWeights(edges(values), epsilon);
    double largest = Arrays.stream(probabilities).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] = Math.exp(probabilities[i] - largest);
      sum += probabilities[i];
    }
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }

  private double[] logWeights(double[] edges, double spent) {
    double[] weights = new double[edges.length - 1];
    double target = quantile * (records == null ? edges.length - 2 : records);
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.log(edges[i + 1] - edges[i]) - spent * Math.abs(i - target) / 2;
    }
    return weights;
  }

  /**
   * Draws the private quantile.
   *
   * @param values at least one, not changed
   * @param noise secure source
   * @return between lower and upper
   * @throws IllegalArgumentException if there are none, or for NaN
   */
  public double draw(double[] values, NoiseSource noise) {
    double[] cells = edges(values);
    for (int i = 0; i < cells.length; i++) {
      cells[i] = Math.rint((cells[i] - lower) / (upper - lower) * CELLS);
    }
    int interval = ExponentialMechanism.draw(logWeights(cells, epsilon * KEPT), noise);
    long length = (long) (cells[interval + 1] - cells[interval]);
    double cell = cells[interval] + noise.uniform(length);
    return lower + (cell + 0.5) / CELLS * (upper - lower);
  }

  /**
   * One draw, for a ledger.
   *
   * @return epsilon, under every relation
   */
  public PrivacyEvent event() {
    return new PrivacyEvent.PureDp(epsilon, EnumSet.allOf(Neighbours.class));
  }
}
