package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.L1Ball;
import org.dl4jplus.ot.projection.VectorProjection;

/**
 * Keeps the sum of the absolute values in vectors of a parameter within a radius, by the Euclidean
 * projection {@link L1Ball}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class L1BallConstraint extends VectorConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private double radius = 1;

  /** With radius 1. */
  public L1BallConstraint() {}

  /**
   * With settings of one's own.
   *
   * @param radius the largest sum, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public L1BallConstraint(double radius) {
    setRadius(radius);
  }

  /**
   * Sets the largest sum.
   *
   * @param radius finite and &gt; 0; default 1
   * @throws IllegalArgumentException if it is not
   */
  public void setRadius(double radius) {
    this.radius = new L1Ball(radius).radius();
  }

  @Override
  protected VectorProjection projection() {
    return new L1Ball(radius);
  }
}
