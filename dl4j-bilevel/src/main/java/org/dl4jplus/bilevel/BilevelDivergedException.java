package org.dl4jplus.bilevel;

/**
 * A loss or gradient of a bilevel run is not finite. The trainer's point, and a network under it,
 * are those of the last outer step that was finite.
 */
public final class BilevelDivergedException extends ArithmeticException {

  private static final long serialVersionUID = 1L;

  /** Outer step in which it happened. */
  private final long iteration;

  /**
   * Names the place.
   *
   * @param iteration outer step, from 0
   * @param oracle what was not finite
   */
  public BilevelDivergedException(long iteration, String oracle) {
    super(
        "Not finite: "
            + oracle
            + " in outer step "
            + iteration
            + ". The point is that of the step before; smaller step sizes may help.");
    this.iteration = iteration;
  }

  /**
   * When it happened.
   *
   * @return the outer step, from 0
   */
  public long iteration() {
    return iteration;
  }
}
