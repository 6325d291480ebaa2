package org.dl4jplus.bilevel.search.gp;

import java.util.Arrays;

/**
 * Numbers brought to mean 0 and standard deviation 1. The specification's floor of 1e-9 under the
 * deviation is here one of 1e-14 of the largest number, so that scores of any scale are told apart.
 *
 * @param mean what is taken off
 * @param deviation what is divided by, above 0
 */
public record Standardization(double mean, double deviation) {

  private static final double ROUNDING = 1e-14;

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
    double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
    double deviation = Math.max(Math.sqrt(square), ROUNDING * largest);
    return new Standardization(mean, deviation > 0 ? deviation : 1);
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
