package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.solver.Geometry;
import org.dl4jplus.ot.solver.SinkhornNewtonSparse;
import org.dl4jplus.ot.solver.TransportProblem;

/**
 * Keeps a square weight doubly stochastic by scaling its rows and columns: the closest such matrix
 * in the sense of relative entropy, where {@link BirkhoffConstraint}'s is in that of squares.
 *
 * <pre>{@code
 * X_ij <- u_i max(X_ij, 1e-12) v_j   with sums of rows and columns of 1
 * }</pre>
 *
 * <p>Signs are lost, and no entry is ever quite 0. The scaling is found by Newton's method, as
 * plain alternation takes more than 10000 sweeps for weights that were of both signs.
 *
 * <p>R. Sinkhorn, P. Knopp, "Concerning nonnegative matrices and doubly stochastic matrices", 1967.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public class DoublyStochasticConstraint extends MatrixConstraint {

  private static final long serialVersionUID = 1L;
  private static final double SMALLEST = 1e-12;

  /** There is nothing to set. */
  public DoublyStochasticConstraint() {}

  @Override
  protected MatrixProjection projection() {
    return DoublyStochasticConstraint::scale;
  }

  /** As transport: with costs of -log X the plan is the scaled matrix. */
  private static void scale(double[] x, int rows, int columns) {
    if (rows != columns) {
      throw new IllegalArgumentException(
          "doubly stochastic matrices are square: there is none of shape ["
              + rows
              + ", "
              + columns
              + "]");
    }
    double[][] cost = new double[rows][columns];
    double[] ones = new double[rows];
    for (int k = 0; k < x.length; k++) {
      cost[k / columns][k % columns] = -Math.log(Math.max(x[k], SMALLEST));
      ones[k / columns] = 1;
    }
    double[] plan =
        SinkhornNewtonSparse.builder()
            .epsilon(1.0)
            .sparsity(1.0)
            .build()
            .solve(TransportProblem.of(Geometry.ofCost(cost), ones, ones))
            .plan();
    System.arraycopy(plan, 0, x, 0, x.length);
  }
}
