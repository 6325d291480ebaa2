package org.dl4jplus.bilevel.linear;

import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A way to solve A*x = b by products with A. An immutable configuration.
 *
 * <p>A result is finite for every A: where a method breaks down, or A gives numbers that are not
 * finite, it stops with the best it has and says why. Shared settings: {@code ridge}, at least 0, 0
 * by default, is added to A's diagonal; {@code tol}, at least 0, is the residual relative to the
 * right side's at which iterations stop.
 */
public interface LinearSolver extends InverseHessian {

  /**
   * Solves a system.
   *
   * @param a the matrix
   * @param b right side, of its size; not changed
   * @param start where iterations start, of its size, not changed; null for 0
   * @return the solution; 0 for b = 0
   * @throws IllegalArgumentException for vectors of the wrong length or not finite
   */
  Solution solve(LinearOperator a, double[] b, double[] start);

  /**
   * Solves a system from 0.
   *
   * @param a the matrix
   * @param b right side, of its size; not changed
   * @return the solution; 0 for b = 0
   * @throws IllegalArgumentException for a right side of the wrong length or not finite
   */
  default Solution solve(LinearOperator a, double[] b) {
    return solve(a, b, null);
  }

  @Override
  default Product multiply(
      BilevelProblem problem, INDArray x, INDArray y, int batch, double[] v, double[] start) {
    INDArray out = y.ulike();
    LinearOperator hessian =
        LinearOperator.symmetric(
            v.length,
            u -> {
              INDArray direction = Nd4j.createFromArray(u).castTo(y.dataType());
              problem.lowerHessianVector(x, y, batch, direction, out);
              return out.toDoubleVector();
            });
    Solution solution = solve(hessian, v, start);
    return new Product(solution, (long) solution.products() * problem.productCalls());
  }
}
