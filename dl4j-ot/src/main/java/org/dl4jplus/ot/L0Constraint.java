package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.L0Ball;
import org.dl4jplus.ot.projection.VectorProjection;

/** Keeps few entries other than 0 in vectors of a parameter, by the projection {@link L0Ball}. */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class L0Constraint extends VectorConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private int maxNonZeros = 1;

  /** With maxNonZeros 1. */
  public L0Constraint() {}

  /**
   * With settings of one's own.
   *
   * @param maxNonZeros entries that may differ from 0, at least 1
   * @throws IllegalArgumentException if a value is out of range
   */
  public L0Constraint(int maxNonZeros) {
    setMaxNonZeros(maxNonZeros);
  }

  /**
   * Sets entries that may differ from 0.
   *
   * @param maxNonZeros at least 1; default 1
   * @throws IllegalArgumentException if it is below 1
   */
  public void setMaxNonZeros(int maxNonZeros) {
    this.maxNonZeros = new L0Ball(maxNonZeros).maxNonZeros();
  }

  @Override
  protected VectorProjection projection() {
    return new L0Ball(maxNonZeros);
  }
}
