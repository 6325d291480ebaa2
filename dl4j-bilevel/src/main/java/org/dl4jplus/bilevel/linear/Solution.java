package org.dl4jplus.bilevel.linear;

/**
 * What a solver found for A*x = b. The vector is finite, whatever the matrix was.
 *
 * @param x the vector
 * @param residual ||b - A*x|| / ||b||, the ridge counted with A unless the solver says otherwise; 0
 *     for b = 0
 * @param iterations how many the solver made
 * @param products with A and A' together
 * @param stop why the solver stopped
 */
public record Solution(double[] x, double residual, int iterations, int products, Stop stop) {

  /** Why a solver stopped. */
  public enum Stop {
    /** The residual is within the tolerance, or the method has nothing to iterate. */
    CONVERGED,
    /** As many iterations were made as were allowed. */
    ITERATIONS,
    /** A direction p with p'*A*p &lt;= 0 turned up where A has to be positive definite. */
    INDEFINITE,
    /** The method cannot go on, or no longer gains: A is singular, or nearly so. */
    BREAKDOWN,
    /** The terms of a series grew. */
    DIVERGED
  }

  /**
   * Whether A was seen not to be positive definite.
   *
   * @return true for {@link Stop#INDEFINITE}
   */
  public boolean indefinite() {
    return stop == Stop.INDEFINITE;
  }
}
