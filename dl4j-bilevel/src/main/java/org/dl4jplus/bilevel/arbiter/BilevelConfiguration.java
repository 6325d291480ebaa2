package org.dl4jplus.bilevel.arbiter;

import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A bilevel run as a candidate.
 *
 * @param network the network's configuration: a {@code DL4JConfiguration} or a {@code
 *     GraphConfiguration}, whose epochs and early stopping are not used
 * @param algorithm the method
 * @param outerSteps how many steps it makes, at least 1
 */
public record BilevelConfiguration(Object network, BilevelAlgorithm algorithm, int outerSteps) {

  /**
   * Checks the number of steps.
   *
   * @param network the network's configuration
   * @param algorithm the method
   * @param outerSteps how many steps it makes
   * @throws IllegalArgumentException for less than 1
   */
  public BilevelConfiguration {
    Require.count("outerSteps", outerSteps, 1);
  }
}
