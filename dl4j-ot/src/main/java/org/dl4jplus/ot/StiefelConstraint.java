package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.projection.Stiefel;

/**
 * Keeps a weight orthonormal: its columns, or its rows where it has more columns than rows, by
 * {@link Stiefel}. A weight of zeros becomes a part of the identity.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class StiefelConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private Stiefel.Retraction retraction = Stiefel.Retraction.POLAR;

  /** With retraction Stiefel.Retraction.POLAR. */
  public StiefelConstraint() {}

  /**
   * With settings of one's own.
   *
   * @param retraction how the weight becomes orthonormal, POLAR or QR
   * @throws IllegalArgumentException if a value is out of range
   */
  public StiefelConstraint(Stiefel.Retraction retraction) {
    setRetraction(retraction);
  }

  /**
   * Sets how the weight becomes orthonormal.
   *
   * @param retraction POLAR or QR; default Stiefel.Retraction.POLAR
   * @throws IllegalArgumentException if null
   */
  public void setRetraction(Stiefel.Retraction retraction) {
    this.retraction = new Stiefel(retraction).retraction();
  }

  @Override
  protected MatrixProjection projection() {
    return new Stiefel(retraction);
  }
}
