package org.dl4jplus.bilevel.search;

import java.util.List;
import java.util.Map;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.search.carbs.CarbsScale;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A number that a search may move without bounds from where it starts; for {@link CarbsGenerator}.
 * Arbiter's coordinate u in (0, 1) stands for {@code centre + 8 * Phi^-1(u)} in units of the scale,
 * so the start lies at u = 1/2.
 *
 * @param <T> Double, or Integer for scales that round
 */
@Getter
@EqualsAndHashCode
public final class CarbsParameterSpace<T extends Number> implements ParameterSpace<T> {

  private static final double UNITS = 8;
  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

  /** The scale. */
  private final CarbsScale scale;

  /** Where the search starts. */
  private final double start;

  /** Smallest value; minus infinity for none. */
  private final double min;

  /** Largest value; infinity for none. */
  private final double max;

  private int index = -1;

  /**
   * A number with bounds.
   *
   * @param scale in which it is searched; one that rounds makes it an integer
   * @param start where the search starts
   * @param min smallest value; null for none
   * @param max largest value; null for none
   * @throws IllegalArgumentException for a start off the scale or beyond a bound
   */
  @JsonCreator
  public CarbsParameterSpace(
      @JsonProperty("scale") CarbsScale scale,
      @JsonProperty("start") double start,
      @JsonProperty("min") Double min,
      @JsonProperty("max") Double max) {
    this.scale = scale;
    this.start = start;
    this.min = min == null ? Double.NEGATIVE_INFINITY : min;
    this.max = max == null ? Double.POSITIVE_INFINITY : max;
    scale.basic(start);
    if (!(start >= this.min && start <= this.max)) {
      throw new IllegalArgumentException(
          "start must lie between min and max: " + start + ", " + this.min + ", " + this.max);
    }
  }

  /**
   * A positive number of which ratios count, such as a learning rate; a unit is a factor of 10.
   *
   * @param start where the search starts, above 0
   * @return the space
   */
  public static CarbsParameterSpace<Double> log(double start) {
    return new CarbsParameterSpace<>(
        new CarbsScale(CarbsScale.Form.LOG, 1, 10, 0), start, null, null);
  }

  /**
   * A positive integer of which ratios count, such as a width; a unit is a factor of 10.
   *
   * @param start where the search starts, at least 1
   * @param roundTo what it is a multiple of, at least 1
   * @return the space
   */
  public static CarbsParameterSpace<Integer> logInteger(int start, int roundTo) {
    if (roundTo < 1) {
      throw new IllegalArgumentException("roundTo must be at least 1, is " + roundTo);
    }
    return new CarbsParameterSpace<>(
        new CarbsScale(CarbsScale.Form.LOG, 1, 10, roundTo), start, null, null);
  }

  /**
   * A number of which differences count.
   *
   * @param start where the search starts
   * @param scale what one unit is, above 0
   * @return the space
   */
  public static CarbsParameterSpace<Double> linear(double start, double scale) {
    return new CarbsParameterSpace<>(
        new CarbsScale(CarbsScale.Form.LINEAR, scale, 10, 0), start, null, null);
  }

  /**
   * A number in (0, 1), such as a rate of dropout; a unit is a factor of 10 in its odds.
   *
   * @param start where the search starts, in (0, 1)
   * @return the space
   */
  public static CarbsParameterSpace<Double> logit(double start) {
    return new CarbsParameterSpace<>(
        new CarbsScale(CarbsScale.Form.LOGIT, 1, 10, 0), start, null, null);
  }

  /** Units from the start. */
  double offset(double u) {
    return UNITS * NORMAL.inverseCumulativeProbability(u);
  }

  /** The coordinate of some units from the start. */
  double coordinate(double offset) {
    return NORMAL.cumulativeProbability(offset / UNITS);
  }

  /** The value at some units from the start. */
  double at(double offset) {
    return scale.parameter(scale.basic(start) + offset);
  }

  /** The offset of the value that is taken at an offset: another one where the scale rounds. */
  double rounded(double offset) {
    return scale.roundTo() == 0 ? offset : scale.basic(at(offset)) - scale.basic(start);
  }

  /** Whether the value at some units from the start lies within the bounds. */
  boolean allows(double offset) {
    double value = at(offset);
    return value >= min && value <= max;
  }

  boolean bounded() {
    return min > Double.NEGATIVE_INFINITY || max < Double.POSITIVE_INFINITY;
  }

  /** What a unit means for a scaling law: its natural logarithm on a scale of ratios. */
  double perUnit() {
    return scale.form() == CarbsScale.Form.LOG ? scale.scale() * Math.log(scale.base()) : 1;
  }

  @Override
  @SuppressWarnings("unchecked")
  public T getValue(double[] parameterValues) {
    if (index == -1) {
      throw new IllegalStateException("The parameter space has no index yet");
    }
    double value = at(offset(parameterValues[index]));
    Number number = scale.roundTo() > 0 ? (Number) (int) value : (Number) value;
    return (T) number;
  }

  @Override
  public int numParameters() {
    return 1;
  }

  @Override
  @SuppressWarnings("rawtypes")
  public List<ParameterSpace> collectLeaves() {
    return List.of(this);
  }

  @Override
  @SuppressWarnings("rawtypes")
  public Map<String, ParameterSpace> getNestedSpaces() {
    return Map.of();
  }

  @Override
  public boolean isLeaf() {
    return true;
  }

  @Override
  public void setIndices(int... indices) {
    if (indices == null || indices.length != 1) {
      throw new IllegalArgumentException("One index is needed");
    }
    index = indices[0];
  }

  @Override
  public String toString() {
    return "CarbsParameterSpace(start=" + start + ", " + scale + ")";
  }
}
