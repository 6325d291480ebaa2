package org.dl4jplus.bilevel.problem;

import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A number without bounds that stands for one within bounds:
 *
 * <pre>{@code
 * both finite        min + (max - min) * sigmoid(u)
 * max infinite       min + softplus(u)
 * min infinite       max - softplus(u)
 * both infinite      u
 * }</pre>
 *
 * None of them overflows.
 *
 * @param min lower bound, may be -infinity
 * @param max upper bound, may be infinity
 */
public record HyperTransform(@JsonProperty("min") double min, @JsonProperty("max") double max) {

  /**
   * Checks the bounds.
   *
   * @param min lower bound, may be -infinity
   * @param max upper bound, may be infinity
   * @throws IllegalArgumentException unless min is below max
   */
  @JsonCreator
  public HyperTransform {
    if (!(min < max)) {
      throw new IllegalArgumentException("min must be below max: " + min + ", " + max);
    }
  }

  /**
   * log(1 + exp(u)).
   *
   * @param u any number
   * @return at least 0
   */
  public static double softplus(double u) {
    return Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u)));
  }

  /**
   * The number whose softplus is given.
   *
   * @param value above 0
   * @return the number
   */
  public static double inverseSoftplus(double value) {
    return value + Math.log(-Math.expm1(-value));
  }

  /**
   * 1 / (1 + exp(-u)).
   *
   * @param u any number
   * @return in [0, 1]
   */
  public static double sigmoid(double u) {
    double e = Math.exp(-Math.abs(u));
    return u >= 0 ? 1 / (1 + e) : e / (1 + e);
  }

  /**
   * The number within bounds.
   *
   * @param u any number
   * @return within the bounds
   */
  public double value(double u) {
    boolean below = Double.isInfinite(min);
    boolean above = Double.isInfinite(max);
    if (below && above) {
      return u;
    }
    if (above) {
      return min + softplus(u);
    }
    return below ? max - softplus(u) : min + (max - min) * sigmoid(u);
  }

  /**
   * Derivative of {@link #value}.
   *
   * @param u any number
   * @return d value / d u
   */
  public double derivative(double u) {
    boolean below = Double.isInfinite(min);
    boolean above = Double.isInfinite(max);
    if (below && above) {
      return 1;
    }
    double s = sigmoid(u);
    if (above) {
      return s;
    }
    return below ? -s : (max - min) * s * (1 - s);
  }

  /**
   * The number that stands for a value.
   *
   * @param value strictly within the bounds
   * @return the number without bounds
   * @throws IllegalArgumentException for a value at or beyond a bound
   */
  public double inverse(double value) {
    if (!(value > min && value < max)) {
      throw new IllegalArgumentException(
          "A value must lie strictly between " + min + " and " + max + ", is " + value);
    }
    boolean below = Double.isInfinite(min);
    boolean above = Double.isInfinite(max);
    if (below && above) {
      return value;
    }
    if (above) {
      return inverseSoftplus(value - min);
    }
    return below ? inverseSoftplus(max - value) : Math.log(value - min) - Math.log(max - value);
  }
}
