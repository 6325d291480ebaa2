package org.dl4jplus.bilevel;

import org.dl4jplus.bilevel.linear.InverseHessian;
import org.dl4jplus.bilevel.linear.Solution;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The gradient of F(x) = f(x, y*(x)) by the implicit function theorem, taken at some y as if it
 * were y*(x):
 *
 * <pre>{@code
 * dF/dx = grad_x f - (d/dx grad_y g)'*q,   (d^2g/dy^2)*q = grad_y f
 * }</pre>
 *
 * <p>Its error is at most proportional to the distance of y from y*(x) and to the residual.
 *
 * @param vector dF/dx, of shape [dimX]
 * @param upperLoss f at the point
 * @param adjoint q, of shape [dimY]
 * @param residual ||grad_y f - H*q|| / ||grad_y f||, as the solver measures it
 * @param stop why the solver stopped
 * @param gradientCalls gradients of both losses that were taken
 */
public record Hypergradient(
    INDArray vector,
    double upperLoss,
    INDArray adjoint,
    double residual,
    Solution.Stop stop,
    long gradientCalls) {

  /**
   * Computes a hypergradient.
   *
   * @param problem the problem
   * @param x upper variable, of shape [dimX]; not changed
   * @param y lower variable, of shape [dimY]; not changed
   * @param upperBatch batch of the upper loss, or {@link BilevelProblem#ALL}
   * @param lowerBatch batch of the lower loss in both products, or {@link BilevelProblem#ALL}
   * @param inverse how q is found
   * @param start where iterations for q start, of shape [dimY]; null for 0
   * @return the hypergradient
   * @throws IllegalArgumentException where something but the start is null
   */
  public static Hypergradient of(
      BilevelProblem problem,
      INDArray x,
      INDArray y,
      int upperBatch,
      int lowerBatch,
      InverseHessian inverse,
      INDArray start) {
    Require.given("problem", problem);
    Require.given("inverse", inverse);
    INDArray vector = Require.given("x", x).ulike();
    INDArray gradientY = Require.given("y", y).ulike();
    double loss = problem.upper(x, y, upperBatch, vector, gradientY);
    InverseHessian.Product product =
        inverse.multiply(
            problem,
            x,
            y,
            lowerBatch,
            gradientY.toDoubleVector(),
            start == null ? null : start.toDoubleVector());
    Solution solution = product.solution();
    INDArray adjoint = Nd4j.createFromArray(solution.x()).castTo(y.dataType());
    INDArray mixed = x.ulike();
    problem.lowerMixedProduct(x, y, lowerBatch, adjoint, mixed);
    return new Hypergradient(
        vector.subi(mixed),
        loss,
        adjoint,
        solution.residual(),
        solution.stop(),
        1 + product.gradientCalls() + problem.mixedCalls());
  }

  /**
   * Whether the lower loss was seen to curve downwards, where y is no minimum and the theorem does
   * not hold.
   *
   * @return true for {@link Solution.Stop#INDEFINITE}
   */
  public boolean indefinite() {
    return stop == Solution.Stop.INDEFINITE;
  }
}
