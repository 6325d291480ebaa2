package org.dl4jplus.optim.first.vector;

/**
 * What a rule sees of one stretch of a parameter block: the same stretch of the gradient, the
 * parameters and each state vector, and scratch space. An array is read from memory at its first
 * use and written back only if it was changed.
 */
public abstract class Lane {

  /** For the two executors. */
  Lane() {}

  /**
   * The gradient; what is left in it at the end is the update u of {@code p <- p - u}.
   *
   * @return the gradient
   */
  public abstract Vector gradient();

  /**
   * The parameter values before the step. Only for reading.
   *
   * @return the parameters
   * @throws IllegalStateException if the rule runs without parameter values
   */
  public abstract Vector parameters();

  /**
   * A state vector.
   *
   * @param index position among the state vectors, from 0
   * @return the vector
   */
  public abstract Vector state(int index);

  /**
   * Scratch space whose content is undefined until it is set.
   *
   * @param index which one, from 0
   * @return the vector
   */
  public abstract Vector temp(int index);
}
