package org.dl4jplus.bilevel.implicit;

/**
 * A proximal map with its derivatives: what minimises 1/2 * ||y - v||^2 + step * h(y) over y, with
 * parameters of h that a derivative may be asked for. A projection is that of a set's indicator and
 * does not depend on the step. All of {@link Proxes}; its Jacobian in v is symmetric, as it is for
 * every convex h.
 */
public interface Prox {

  /**
   * How many parameters it has.
   *
   * @param size length of v
   * @param given length of the parameters at hand
   * @return whether as many can be taken
   */
  boolean takes(int size, int given);

  /**
   * The map.
   *
   * @param v not changed
   * @param parameters of h; not changed
   * @param step above 0
   * @return a new vector
   */
  double[] value(double[] v, double[] parameters, double step);

  /**
   * The product of the Jacobian in v, or of its transpose, with a vector.
   *
   * @param v where it is taken; not changed
   * @param parameters of h; not changed
   * @param step above 0
   * @param t the vector, of v's length; not changed
   * @return a new vector of v's length
   */
  double[] product(double[] v, double[] parameters, double step, double[] t);

  /**
   * The product of the Jacobian in the parameters with a vector.
   *
   * @param v where it is taken; not changed
   * @param parameters of h; not changed
   * @param step above 0
   * @param t the vector, of the parameters' length; not changed
   * @return a new vector of v's length
   */
  double[] parameterProduct(double[] v, double[] parameters, double step, double[] t);

  /**
   * The product of the transposed Jacobian in the parameters with a vector.
   *
   * @param v where it is taken; not changed
   * @param parameters of h; not changed
   * @param step above 0
   * @param u the vector, of v's length; not changed
   * @return a new vector of the parameters' length
   */
  double[] parameterGradient(double[] v, double[] parameters, double step, double[] u);
}
