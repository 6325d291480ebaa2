package org.dl4jplus.bilevel.arbiter;

import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** Multiples of a number. Arbiter has such a space, but one that JSON does not bring back. */
@EqualsAndHashCode(callSuper = false)
@SuppressWarnings("rawtypes")
final class ScaledSpace extends CompositeSpace<Double> {

  @JsonProperty private final double unit;
  @JsonProperty private final ParameterSpace<Double> factor;

  @JsonCreator
  ScaledSpace(
      @JsonProperty("unit") double unit, @JsonProperty("factor") ParameterSpace<Double> factor) {
    this.unit = unit;
    this.factor = factor;
  }

  @Override
  public Double getValue(double[] values) {
    return unit * factor.getValue(values);
  }

  @Override
  public Map<String, ParameterSpace> getNestedSpaces() {
    return Map.of("factor", factor);
  }

  @Override
  public String toString() {
    return unit + " * " + factor;
  }
}
