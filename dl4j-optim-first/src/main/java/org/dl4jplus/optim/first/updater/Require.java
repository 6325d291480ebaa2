package org.dl4jplus.optim.first.updater;

import java.util.Locale;

/**
 * Checks of configuration values. Each takes the field's name for the message, the value (null for
 * "not set") and the default, and returns the value to use.
 */
public final class Require {

  private Require() {}

  /**
   * A learning rate: finite and at least 0.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double rate(String field, Double value, double standard) {
    return nonNegative(field, value, standard);
  }

  /**
   * An averaging weight in [0, 1).
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double beta(String field, Double value, double standard) {
    double v = value == null ? standard : value;
    return check(v >= 0 && v < 1, field, v, "in [0, 1)");
  }

  /**
   * A finite number that is at least 0.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double nonNegative(String field, Double value, double standard) {
    double v = value == null ? standard : value;
    return check(v >= 0 && v < Double.POSITIVE_INFINITY, field, v, "finite and at least 0");
  }

  /**
   * A finite number above 0.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double positive(String field, Double value, double standard) {
    double v = value == null ? standard : value;
    return check(v > 0 && v < Double.POSITIVE_INFINITY, field, v, "finite and above 0");
  }

  /**
   * A finite number.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double finite(String field, Double value, double standard) {
    double v = value == null ? standard : value;
    return check(Math.abs(v) < Double.POSITIVE_INFINITY, field, v, "finite");
  }

  /**
   * A number in a closed range.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @param low smallest allowed
   * @param high largest allowed
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double within(
      String field, Double value, double standard, double low, double high) {
    double v = value == null ? standard : value;
    return check(
        v >= low && v <= high, field, v, String.format(Locale.ROOT, "in [%s, %s]", low, high));
  }

  /**
   * A number in an open range.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @param low excluded lower end
   * @param high excluded upper end
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static double between(
      String field, Double value, double standard, double low, double high) {
    double v = value == null ? standard : value;
    return check(
        v > low && v < high, field, v, String.format(Locale.ROOT, "in (%s, %s)", low, high));
  }

  /**
   * A count: at least 1.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static int count(String field, Integer value, int standard) {
    return atLeast(field, value, standard, 1);
  }

  /**
   * A whole number that is not below a bound.
   *
   * @param field field name
   * @param value value, or null
   * @param standard default
   * @param low smallest allowed
   * @return the value, or the default
   * @throws IllegalArgumentException outside the range
   */
  public static int atLeast(String field, Integer value, int standard, int low) {
    int v = value == null ? standard : value;
    check(v >= low, field, v, "at least " + low);
    return v;
  }

  /**
   * Something without a default.
   *
   * @param <T> its type
   * @param field field name
   * @param value value, or null
   * @return the value
   * @throws IllegalArgumentException for null
   */
  public static <T> T given(String field, T value) {
    if (value == null) {
      throw new IllegalArgumentException(field + " must be given");
    }
    return value;
  }

  /**
   * The general check.
   *
   * @param holds whether the value is allowed
   * @param field field name
   * @param value the value
   * @param range what would be allowed, to follow "must be"
   * @return the value
   * @throws IllegalArgumentException if it is not allowed
   */
  public static double check(boolean holds, String field, double value, String range) {
    if (!holds) {
      String shown =
          value == Math.rint(value) && Math.abs(value) < 1e9
              ? Long.toString((long) value)
              : "" + value;
      throw new IllegalArgumentException(field + " must be " + range + ", got " + shown);
    }
    return value;
  }
}
