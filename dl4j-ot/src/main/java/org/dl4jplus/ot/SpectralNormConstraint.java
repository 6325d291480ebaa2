package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.projection.SpectralNormBall;

/**
 * Keeps the largest singular value of a weight within a bound, by the projection {@link
 * SpectralNormBall}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class SpectralNormConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private double maxNorm = 1;

  /** With maxNorm 1. */
  public SpectralNormConstraint() {}

  /**
   * With settings of one's own.
   *
   * @param maxNorm the largest singular value, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public SpectralNormConstraint(double maxNorm) {
    setMaxNorm(maxNorm);
  }

  /**
   * Sets the largest singular value.
   *
   * @param maxNorm finite and &gt; 0; default 1
   * @throws IllegalArgumentException if it is not
   */
  public void setMaxNorm(double maxNorm) {
    this.maxNorm = new SpectralNormBall(maxNorm).maxNorm();
  }

  @Override
  protected MatrixProjection projection() {
    return new SpectralNormBall(maxNorm);
  }
}
