package org.dl4jplus.privacy.local;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * GRR, generalised randomised response: the true value with probability p, else any other.
 *
 * <pre>{@code
 * p = e^epsilon / (e^epsilon + k - 1)     q = 1 / (e^epsilon + k - 1)
 * attack: the report; right with probability p
 * }</pre>
 *
 * <p>Peter Kairouz, Sewoong Oh, Pramod Viswanath: "Extremal Mechanisms for Local Differential
 * Privacy", arXiv 1407.1338 (2014).
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class RandomizedResponse extends Protocol<Integer> {

  @ToString.Exclude private final transient Coin lies;

  /**
   * The protocol.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @throws IllegalArgumentException outside these ranges
   */
  @JsonCreator
  public RandomizedResponse(
      @JsonProperty("values") int values, @JsonProperty("epsilon") double epsilon) {
    super(values, epsilon);
    lies = Coin.atLeast(odds() / (1 + odds()));
  }

  private double odds() {
    return (getValues() - 1) * shrink(getEpsilon());
  }

  @Override
  public double p() {
    return 1 / (1 + odds());
  }

  @Override
  public double q() {
    return shrink(getEpsilon()) / (1 + odds());
  }

  @Override
  public Integer perturb(int value, NoiseSource noise) {
    checkPerturbs(value);
    return lies.toss(noise) ? other(value, getValues(), noise) : value;
  }

  @Override
  public void count(Integer report, double[] counts) {
    checkReport(report >= 0 && report < getValues());
    counts[report]++;
  }

  @Override
  public int attack(Integer report, NoiseSource noise) {
    checkReport(report >= 0 && report < getValues());
    return report;
  }

  @Override
  public double attackerSuccessRate() {
    return p();
  }

  Coin lies() {
    return lies;
  }
}
