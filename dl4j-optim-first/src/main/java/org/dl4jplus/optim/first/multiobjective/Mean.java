package org.dl4jplus.optim.first.multiobjective;

import lombok.EqualsAndHashCode;
import lombok.ToString;

/** The mean of the rows: what training on the mean loss does. */
@EqualsAndHashCode
@ToString
public final class Mean implements GramianAggregator {

  /** The mean. */
  public Mean() {}

  @Override
  public double[] weights(double[][] gramian, long step) {
    return Weights.equal(gramian.length, 1.0 / gramian.length);
  }
}
