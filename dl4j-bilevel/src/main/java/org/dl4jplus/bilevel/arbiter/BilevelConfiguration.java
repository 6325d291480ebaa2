package org.dl4jplus.bilevel.arbiter;

import java.io.Serializable;
import lombok.EqualsAndHashCode;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.core.JsonProcessingException;

/**
 * A bilevel run as a candidate. Arbiter serialises its candidates, so the method travels as JSON.
 */
@EqualsAndHashCode
public final class BilevelConfiguration implements Serializable {

  private static final long serialVersionUID = 1L;

  private final Serializable network;
  private final String algorithm;
  private final int outerSteps;

  /**
   * Puts a candidate together.
   *
   * @param network the network's configuration: a {@code DL4JConfiguration} or a {@code
   *     GraphConfiguration}, whose epochs and early stopping are not used
   * @param algorithm the method
   * @param outerSteps how many steps it makes, at least 1
   * @throws IllegalArgumentException for null, fewer steps, or a method that JSON does not hold
   */
  public BilevelConfiguration(Serializable network, BilevelAlgorithm algorithm, int outerSteps) {
    this.network = Require.given("network", network);
    Require.given("algorithm", algorithm);
    this.outerSteps = Require.count("outerSteps", outerSteps, 1);
    try {
      this.algorithm =
          AlgorithmSpace.JSON.writerFor(BilevelAlgorithm.class).writeValueAsString(algorithm);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("The algorithm cannot be written: " + algorithm, e);
    }
  }

  /**
   * The network's configuration.
   *
   * @return a DL4JConfiguration or a GraphConfiguration
   */
  public Object network() {
    return network;
  }

  /**
   * The method.
   *
   * @return a new object
   */
  public BilevelAlgorithm algorithm() {
    try {
      return AlgorithmSpace.JSON.readValue(algorithm, BilevelAlgorithm.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("The algorithm cannot be read: " + algorithm, e);
    }
  }

  /**
   * How many outer steps it makes.
   *
   * @return at least 1
   */
  public int outerSteps() {
    return outerSteps;
  }

  @Override
  public String toString() {
    return algorithm + ", " + outerSteps + " outer steps";
  }
}
