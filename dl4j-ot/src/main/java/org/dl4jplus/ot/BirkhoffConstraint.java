package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.ot.projection.Birkhoff;
import org.dl4jplus.ot.projection.MatrixProjection;

/** Keeps a square weight doubly stochastic, by the Euclidean projection {@link Birkhoff}. */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class BirkhoffConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;

  /** There is nothing to set. */
  public BirkhoffConstraint() {}

  @Override
  protected MatrixProjection projection() {
    return new Birkhoff();
  }
}
