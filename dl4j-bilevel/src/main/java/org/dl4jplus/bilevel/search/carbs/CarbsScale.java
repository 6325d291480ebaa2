package org.dl4jplus.bilevel.search.carbs;

import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A parameter in units in which one step means about as much everywhere:
 *
 * <pre>{@code
 * LINEAR  basic = p / scale
 * LOG     basic = log(p) / log(base) / scale
 * LOGIT   basic = log10(p / (1 - p)) / scale
 * }</pre>
 *
 * <p>A search takes steps of about a third of a unit, so a scale that rounds needs several
 * multiples to a unit: of whole numbers with unit 1 it hardly leaves the start.
 *
 * @param form of the scale
 * @param scale what one unit is, above 0
 * @param base of the logarithm, above 1
 * @param roundTo what the parameter is a multiple of; 0 for any number
 */
public record CarbsScale(
    @JsonProperty("form") Form form,
    @JsonProperty("scale") double scale,
    @JsonProperty("base") double base,
    @JsonProperty("roundTo") int roundTo) {

  /** Forms of a scale. */
  public enum Form {
    /** Differences count. */
    LINEAR,
    /** Ratios count; for positive numbers. */
    LOG,
    /** Odds count; for numbers in (0, 1). */
    LOGIT
  }

  /**
   * Checks the scale.
   *
   * @param form of the scale
   * @param scale what one unit is, above 0
   * @param base of the logarithm, above 1
   * @param roundTo what the parameter is a multiple of; 0 for any number, as LOGIT wants it
   * @throws IllegalArgumentException outside the ranges
   */
  @JsonCreator
  public CarbsScale {
    if (form == null) {
      throw new IllegalArgumentException("form must be given");
    }
    Require.positive("scale", scale, 1);
    Require.check(base > 1 && Double.isFinite(base), "base", base, "above 1");
    Require.atLeast("roundTo", roundTo, 0, 0);
    Require.check(form != Form.LOGIT || roundTo == 0, "roundTo", roundTo, "0 for LOGIT");
  }

  /**
   * The parameter in units of the scale.
   *
   * @param parameter above 0 for LOG, in (0, 1) for LOGIT
   * @return units
   * @throws IllegalArgumentException outside the range
   */
  public double basic(double parameter) {
    double basic =
        switch (form) {
          case LINEAR -> parameter / scale;
          case LOG -> Math.log(parameter) / Math.log(base) / scale;
          case LOGIT -> (Math.log10(parameter) - Math.log10(1 - parameter)) / scale;
        };
    if (!Double.isFinite(basic)) {
      throw new IllegalArgumentException(parameter + " has no place on a scale of form " + form);
    }
    return basic;
  }

  /**
   * The parameter at some units, rounded to a multiple where the scale has one, of which it is at
   * least one on a scale of ratios.
   *
   * @param basic units
   * @return the parameter
   */
  public double parameter(double basic) {
    double units = basic * scale;
    double parameter =
        switch (form) {
          case LINEAR -> units;
          case LOG -> Math.exp(units * Math.log(base));
          case LOGIT -> 1 / (1 + Math.pow(10, -units));
        };
    if (roundTo == 0) {
      return parameter;
    }
    double multiple = Math.rint(parameter / roundTo);
    return roundTo * (form == Form.LOG ? Math.max(multiple, 1) : multiple);
  }
}
