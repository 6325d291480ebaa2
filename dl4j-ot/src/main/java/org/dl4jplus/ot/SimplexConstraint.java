package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.Simplex;
import org.dl4jplus.ot.projection.VectorProjection;

/**
 * Keeps vectors of a parameter without negative entries and at a given sum, by the Euclidean
 * projection {@link Simplex}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class SimplexConstraint extends VectorConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private double radius = 1;

  /** With radius 1. */
  public SimplexConstraint() {}

  /**
   * With settings of one's own.
   *
   * @param radius the sum, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public SimplexConstraint(double radius) {
    setRadius(radius);
  }

  /**
   * Sets the sum.
   *
   * @param radius finite and &gt; 0; default 1
   * @throws IllegalArgumentException if it is not
   */
  public void setRadius(double radius) {
    this.radius = new Simplex(radius).radius();
  }

  @Override
  protected VectorProjection projection() {
    return new Simplex(radius);
  }
}
