package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.projection.NuclearNormBall;

/**
 * Keeps the sum of a weight's singular values within a radius, by the Euclidean projection {@link
 * NuclearNormBall}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class NuclearNormBallConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private double radius = 1;

  /** With radius 1. */
  public NuclearNormBallConstraint() {}

  /**
   * With settings of one's own.
   *
   * @param radius the largest sum, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public NuclearNormBallConstraint(double radius) {
    setRadius(radius);
  }

  /**
   * Sets the largest sum.
   *
   * @param radius finite and &gt; 0; default 1
   * @throws IllegalArgumentException if it is not
   */
  public void setRadius(double radius) {
    this.radius = new NuclearNormBall(radius).radius();
  }

  @Override
  protected MatrixProjection projection() {
    return new NuclearNormBall(radius);
  }
}
