package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.Setter;
import lombok.ToString;
import org.dl4jplus.ot.projection.Box;
import org.dl4jplus.ot.projection.VectorProjection;

/** Clamps every entry of a parameter, by the Euclidean projection {@link Box}. */
@Getter
@Setter
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class BoxConstraint extends VectorConstraint {

  private static final long serialVersionUID = 1L;

  /** Smallest value, at most the upper one. Default 0. */
  private double lower;

  /** Largest value, at least the lower one. Default 1. */
  private double upper = 1;

  /** With the bounds 0 and 1. */
  public BoxConstraint() {}

  /**
   * With bounds of one's own. The setters, which JSON calls one by one, do not compare them: the
   * constraint does when it is applied.
   *
   * @param lower smallest value, may be negative infinity
   * @param upper largest value, at least the lower one, may be infinity
   * @throws IllegalArgumentException if a bound is not a number, or no finite number lies between
   *     them
   */
  public BoxConstraint(double lower, double upper) {
    Box box = new Box(lower, upper);
    this.lower = box.lower();
    this.upper = box.upper();
  }

  @Override
  protected VectorProjection projection() {
    return new Box(lower, upper);
  }
}
