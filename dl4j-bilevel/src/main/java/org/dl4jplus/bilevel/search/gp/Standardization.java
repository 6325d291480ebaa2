package org.dl4jplus.bilevel.search.gp;

import java.util.Arrays;

/**
 * Numbers brought to mean 0 and standard deviation 1.
 *
 * @param mean what is taken off
 * @param deviation what is divided by, at least 1e-9
 */
public record Standardization(double mean, double deviation) {

  /**
   * That of some numbers; their deviation is that of the numbers themselves, not an estimate for
   * more of them.
   *
   * @param values at least one, finite
   * @return the standardisation
   */
  public static Standardization of(double[] values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double square = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / values.length;
    return new Standardization(mean, Math.max(Math.sqrt(square), 1e-9));
  }

  /**
   * Standardises a number.
   *
   * @param value a raw number
   * @return the standardised one
   */
  public double apply(double value) {
    return (value - mean) / deviation;
  }

  /**
   * Standardises numbers.
   *
   * @param values raw numbers
   * @return a new array
   */
  public double[] apply(double[] values) {
    return Arrays.stream(values).map(this::apply).toArray();
  }

  /**
   * The way back.
   *
   * @param value a standardised number
   * @return the raw one
   */
  public double invert(double value) {
    return mean + deviation * value;
  }
}
