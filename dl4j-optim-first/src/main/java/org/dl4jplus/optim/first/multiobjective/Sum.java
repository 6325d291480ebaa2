package org.dl4jplus.optim.first.multiobjective;

import lombok.EqualsAndHashCode;
import lombok.ToString;

/** The sum of the rows. */
@EqualsAndHashCode
@ToString
public final class Sum implements GramianAggregator {

  /** The sum. */
  public Sum() {}

  @Override
  public double[] weights(double[][] gramian, long step) {
    return Weights.equal(gramian.length, 1);
  }
}
