package org.dl4jplus.bilevel.implicit;

import org.dl4jplus.bilevel.linear.LinearOperator;
import org.dl4jplus.bilevel.linear.LinearSolver;
import org.dl4jplus.bilevel.linear.NormalConjugateGradient;
import org.dl4jplus.bilevel.linear.Solution;
import org.dl4jplus.bilevel.linear.Vectors;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The derivative of a solver's answer with respect to its inputs, given only the condition that the
 * answer fulfils:
 *
 * <pre>{@code
 * F(z(theta), theta) = 0,  A = dF/dz,  B = dF/dtheta,  dz/dtheta = -A^-1 * B
 * vjp: A'*u = -c, then B'*u        jvp: A*w = -B*t
 * }</pre>
 *
 * How z was found does not matter. The gradient of a loss of z in theta is the vjp of the loss's
 * gradient in z:
 *
 * <pre>{@code
 * Residual ridge = Conditions.stationary((w, lambda) -> ...);       // the gradient of the fit
 * INDArray w = solve(x, y, lambda);                                  // by any means
 * INDArray gradient = ImplicitDiff.root(ridge).vjp(w, lambda, lossGradient(w)).vector();
 * }</pre>
 *
 * <p>At a kink of F, any element of its generalised Jacobian is right; where A is singular, normal
 * conjugate gradients give the shortest solution, and the residual shows what is missing. An error
 * in z passes into the derivative in proportion: above ||F|| = 1e-3 there is a warning.
 *
 * <p>M. Blondel, Q. Berthet, M. Cuturi, R. Frostig, S. Hoyer, F. Llinares-Lopez, F. Pedregosa,
 * J.-P. Vert, "Efficient and Modular Implicit Differentiation", arXiv 2105.15183, 2022.
 */
public final class ImplicitDiff {

  private static final Logger log = LoggerFactory.getLogger(ImplicitDiff.class);
  private static final double ROUGH = 1e-3;

  private final Residual residual;
  private final LinearSolver solver;

  /**
   * A product with dz/dtheta.
   *
   * @param vector the product: of theta's shape from the left, of z's from the right
   * @param residual of the linear system, relative to its right side
   * @param stop why its solver stopped
   * @param optimality ||F(z, theta)||: how far z is from fulfilling the condition
   */
  public record Derivative(
      INDArray vector, double residual, Solution.Stop stop, double optimality) {}

  private ImplicitDiff(Residual residual, LinearSolver solver) {
    this.residual = residual;
    this.solver = solver;
  }

  /**
   * Of a root: F(z, theta) = 0.
   *
   * @param residual F
   * @return derivatives by normal conjugate gradients
   * @throws IllegalArgumentException for null
   */
  public static ImplicitDiff root(Residual residual) {
    return new ImplicitDiff(Require.given("residual", residual), new NormalConjugateGradient());
  }

  /**
   * Of a fixed point: T(z, theta) = z.
   *
   * @param map T, with its derivatives
   * @return derivatives by normal conjugate gradients
   * @throws IllegalArgumentException for null
   */
  public static ImplicitDiff fixedPoint(Residual map) {
    return root(new FixedPoint(Require.given("map", map)));
  }

  /**
   * With another solver: conjugate gradients where F is the gradient of a function that curves
   * upwards, GMRES or BiCGSTAB else, the direct one for small problems.
   *
   * @param solver the solver
   * @return the same with it
   * @throws IllegalArgumentException for null
   */
  public ImplicitDiff with(LinearSolver solver) {
    return new ImplicitDiff(residual, Require.given("solver", solver));
  }

  /**
   * The product (dz/dtheta)' * cotangent.
   *
   * @param z the solution, of any shape; not changed
   * @param theta what it is the solution for, of any shape; not changed
   * @param cotangent of z's shape, such as the gradient of a loss in z; not changed
   * @return the product, of theta's shape
   * @throws IllegalArgumentException if F or its derivatives are not finite there, or for a
   *     cotangent of the wrong length
   */
  public Derivative vjp(INDArray z, INDArray theta, INDArray cotangent) {
    double optimality = optimality(z, theta);
    double[] right = Entries.of(cotangent.neg());
    Solution u = solver.solve(operator(z, theta).transposed(), checked(right, z.length()));
    INDArray product = residual.vjpTheta(z, theta, Entries.like(z, u.x()));
    return derivative(u, Entries.like(theta, Entries.of(product)), optimality);
  }

  /**
   * The product dz/dtheta * tangent.
   *
   * @param z the solution, of any shape; not changed
   * @param theta what it is the solution for, of any shape; not changed
   * @param tangent of theta's shape; not changed
   * @return the product, of z's shape
   * @throws IllegalArgumentException if F or its derivatives are not finite there, or for a tangent
   *     of the wrong length
   */
  public Derivative jvp(INDArray z, INDArray theta, INDArray tangent) {
    double optimality = optimality(z, theta);
    INDArray along = Entries.like(theta, checked(Entries.of(tangent), theta.length()));
    double[] right = Entries.of(residual.jvpTheta(z, theta, along).neg());
    Solution w = solver.solve(operator(z, theta), checked(right, z.length()));
    return derivative(w, Entries.like(z, w.x()), optimality);
  }

  /**
   * The whole of dz/dtheta, at a solution for each entry of the shorter of the two.
   *
   * @param z the solution, of any shape; not changed
   * @param theta what it is the solution for, of any shape; not changed
   * @return of shape [entries of z, entries of theta], both in row-major order
   * @throws IllegalArgumentException if F or its derivatives are not finite there
   */
  public INDArray jacobian(INDArray z, INDArray theta) {
    boolean byRows = z.length() < theta.length();
    INDArray longer = byRows ? theta : z;
    INDArray shorter = byRows ? z : theta;
    INDArray jacobian = Nd4j.create(z.dataType(), z.length(), theta.length());
    for (int k = 0; k < shorter.length(); k++) {
      double[] unit = new double[(int) shorter.length()];
      unit[k] = 1;
      INDArray side = Entries.like(shorter, unit);
      Derivative part = byRows ? vjp(z, theta, side) : jvp(z, theta, side);
      INDArray entries = part.vector().reshape('c', new long[] {longer.length()});
      if (byRows) {
        jacobian.putRow(k, entries);
      } else {
        jacobian.putColumn(k, entries);
      }
    }
    return jacobian;
  }

  private LinearOperator operator(INDArray z, INDArray theta) {
    return LinearOperator.of(
        (int) z.length(),
        v -> Entries.of(residual.jvpZ(z, theta, Entries.like(z, v))),
        v -> Entries.of(residual.vjpZ(z, theta, Entries.like(z, v))));
  }

  private double optimality(INDArray z, INDArray theta) {
    double optimality = Vectors.norm(checked(Entries.of(residual.value(z, theta)), z.length()));
    if (optimality > ROUGH) {
      log.warn(
          "||F|| is {} at what should be its root; the derivative is off in proportion",
          optimality);
    }
    return optimality;
  }

  private static double[] checked(double[] entries, long length) {
    if (entries.length != length) {
      throw new IllegalArgumentException(
          "An array of " + length + " entries was expected, got " + entries.length);
    }
    if (!Double.isFinite(Vectors.norm(entries))) {
      throw new IllegalArgumentException("F, a derivative of it or a direction is not finite");
    }
    return entries;
  }

  private static Derivative derivative(Solution solution, INDArray vector, double optimality) {
    return new Derivative(vector, solution.residual(), solution.stop(), optimality);
  }

  /** F(z, theta) = T(z, theta) - z. */
  private record FixedPoint(Residual map) implements Residual {

    @Override
    public INDArray value(INDArray z, INDArray theta) {
      return map.value(z, theta).sub(z);
    }

    @Override
    public INDArray jvpZ(INDArray z, INDArray theta, INDArray tangent) {
      return map.jvpZ(z, theta, tangent).sub(tangent);
    }

    @Override
    public INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
      return map.vjpZ(z, theta, cotangent).sub(cotangent);
    }

    @Override
    public INDArray jvpTheta(INDArray z, INDArray theta, INDArray tangent) {
      return map.jvpTheta(z, theta, tangent);
    }

    @Override
    public INDArray vjpTheta(INDArray z, INDArray theta, INDArray cotangent) {
      return map.vjpTheta(z, theta, cotangent);
    }
  }
}
