package org.dl4jplus.bilevel;

import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * A method for bilevel problems: an immutable configuration that makes outer steps. What it
 * remembers lies in the {@link BilevelState}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public interface BilevelAlgorithm {

  /**
   * What an outer step reports.
   *
   * @param upperLoss the upper loss as the step saw it; NaN where it did not
   * @param hypergradientNorm norm of the direction in which x went, before step size and updater
   */
  record Report(double upperLoss, double hypergradientNorm) {}

  /**
   * Makes one outer step, lower steps included.
   *
   * @param step the problem, the state, which it changes, and the batches
   * @return what the listeners hear
   */
  Report step(BilevelStep step);
}
