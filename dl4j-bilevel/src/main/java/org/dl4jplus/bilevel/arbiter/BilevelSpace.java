package org.dl4jplus.bilevel.arbiter;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A space of bilevel runs: the settings of the outer loop are searched, the upper variable is what
 * each run learns.
 *
 * <pre>{@code
 * new BilevelSpace(
 *     network, // a MultiLayerSpace or ComputationGraphSpace
 *     AlgorithmSpace.of(algorithm).with("lambda0", new ContinuousParameterSpace(0.1, 10)),
 *     new FixedValue<>(300));
 * }</pre>
 */
@EqualsAndHashCode(callSuper = false)
@SuppressWarnings("rawtypes")
public final class BilevelSpace extends CompositeSpace<BilevelConfiguration> {

  @JsonProperty private final ParameterSpace<? extends Serializable> network;
  @JsonProperty private final ParameterSpace<? extends BilevelAlgorithm> algorithm;
  @JsonProperty private final ParameterSpace<Integer> outerSteps;

  /**
   * Puts a space together.
   *
   * @param network space of the networks' configurations
   * @param algorithm space of the methods
   * @param outerSteps space of the number of outer steps
   * @throws IllegalArgumentException where one is missing
   */
  @JsonCreator
  public BilevelSpace(
      @JsonProperty("network") ParameterSpace<? extends Serializable> network,
      @JsonProperty("algorithm") ParameterSpace<? extends BilevelAlgorithm> algorithm,
      @JsonProperty("outerSteps") ParameterSpace<Integer> outerSteps) {
    this.network = Require.given("network", network);
    this.algorithm = Require.given("algorithm", algorithm);
    this.outerSteps = Require.given("outerSteps", outerSteps);
  }

  @Override
  public BilevelConfiguration getValue(double[] values) {
    return new BilevelConfiguration(
        network.getValue(values), algorithm.getValue(values), outerSteps.getValue(values));
  }

  @Override
  public Map<String, ParameterSpace> getNestedSpaces() {
    Map<String, ParameterSpace> nested = new LinkedHashMap<>();
    nested.put("network", network);
    nested.put("algorithm", algorithm);
    nested.put("outerSteps", outerSteps);
    return nested;
  }

  @Override
  public String toString() {
    return "BilevelSpace(" + algorithm + ", outerSteps " + outerSteps + ", " + network + ")";
  }
}
