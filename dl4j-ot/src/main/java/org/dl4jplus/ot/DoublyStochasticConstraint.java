package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.ot.projection.DoublyStochastic;
import org.dl4jplus.ot.projection.MatrixProjection;

/**
 * Keeps a square weight doubly stochastic by scaling, {@link DoublyStochastic}: cheaper than {@link
 * BirkhoffConstraint}, and no entry is ever quite 0.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class DoublyStochasticConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;

  /** There is nothing to set. */
  public DoublyStochasticConstraint() {}

  @Override
  protected MatrixProjection projection() {
    return new DoublyStochastic();
  }
}
