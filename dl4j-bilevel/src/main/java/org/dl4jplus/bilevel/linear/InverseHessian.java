package org.dl4jplus.bilevel.linear;

import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * The product of the inverse of a lower problem's Hessian with a vector, which a hypergradient
 * needs: exact, by iterations or by an approximation. Every {@link LinearSolver} is one.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public interface InverseHessian {

  /**
   * What came out.
   *
   * @param solution the product q with what is known of its quality
   * @param gradientCalls gradients of the lower loss that were taken
   */
  record Product(Solution solution, long gradientCalls) {}

  /**
   * Solves H*q = v with H the second derivative of the lower loss in y.
   *
   * @param problem whose lower loss it is
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param batch of the lower loss, or {@link BilevelProblem#ALL}
   * @param v right side, of length dimY; not changed
   * @param start where iterations start, of length dimY, not changed; null for 0
   * @return q
   */
  Product multiply(
      BilevelProblem problem, INDArray x, INDArray y, int batch, double[] v, double[] start);
}
