package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.projection.PositiveSemidefinite;

/**
 * Keeps a square weight symmetric without negative eigenvalues, by the Euclidean projection {@link
 * PositiveSemidefinite}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class PsdConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;

  /** There is nothing to set. */
  public PsdConstraint() {}

  @Override
  protected MatrixProjection projection() {
    return new PositiveSemidefinite();
  }
}
