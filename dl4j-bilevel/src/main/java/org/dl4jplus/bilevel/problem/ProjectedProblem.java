package org.dl4jplus.bilevel.problem;

import org.dl4jplus.ot.projection.VectorProjection;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A problem whose variables are kept in closed convex sets, each with a projection of dl4j-ot: a
 * box, a ball, the simplex.
 *
 * <pre>{@code
 * BilevelProblem weightsOnSimplex = new ProjectedProblem(problem, new Simplex(1), null);
 * BilevelProblem nonNegative =
 *     new ProjectedProblem(problem, new Box(0, Double.POSITIVE_INFINITY), null);
 * }</pre>
 *
 * Projections of the problem itself come before.
 */
public final class ProjectedProblem extends ForwardingProblem {

  private final VectorProjection ofX;
  private final VectorProjection ofY;

  /**
   * Adds projections.
   *
   * @param inner the problem
   * @param ofX of the upper variable; null for none
   * @param ofY of the lower variable; null for none
   * @throws IllegalArgumentException without a problem
   */
  public ProjectedProblem(BilevelProblem inner, VectorProjection ofX, VectorProjection ofY) {
    super(inner);
    this.ofX = ofX;
    this.ofY = ofY;
  }

  @Override
  public void projectX(INDArray x) {
    super.projectX(x);
    project(ofX, x);
  }

  @Override
  public void projectY(INDArray y) {
    super.projectY(y);
    project(ofY, y);
  }

  private static void project(VectorProjection projection, INDArray v) {
    if (projection != null) {
      double[] values = v.toDoubleVector();
      projection.project(values);
      for (int i = 0; i < values.length; i++) {
        v.putScalar(i, values[i]);
      }
    }
  }
}
