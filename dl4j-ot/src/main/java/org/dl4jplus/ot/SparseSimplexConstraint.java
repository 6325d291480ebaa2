package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.ot.projection.SparseSimplex;
import org.dl4jplus.ot.projection.VectorProjection;

/**
 * Keeps vectors of a parameter without negative entries, at a given sum and with few entries other
 * than 0, by the projection {@link SparseSimplex}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class SparseSimplexConstraint extends VectorConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private int maxNonZeros = 1;
  @Getter private double radius = 1;

  /** With maxNonZeros 1 and radius 1. */
  public SparseSimplexConstraint() {}

  /**
   * With settings of one's own.
   *
   * @param maxNonZeros entries that may differ from 0, at least 1
   * @param radius the sum, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public SparseSimplexConstraint(int maxNonZeros, double radius) {
    setMaxNonZeros(maxNonZeros);
    setRadius(radius);
  }

  /**
   * Sets entries that may differ from 0.
   *
   * @param maxNonZeros at least 1; default 1
   * @throws IllegalArgumentException if it is below 1
   */
  public void setMaxNonZeros(int maxNonZeros) {
    this.maxNonZeros = new SparseSimplex(maxNonZeros, 1).maxNonZeros();
  }

  /**
   * Sets the sum.
   *
   * @param radius finite and &gt; 0; default 1
   * @throws IllegalArgumentException if it is not
   */
  public void setRadius(double radius) {
    this.radius = new SparseSimplex(1, radius).radius();
  }

  @Override
  protected VectorProjection projection() {
    return new SparseSimplex(maxNonZeros, radius);
  }
}
