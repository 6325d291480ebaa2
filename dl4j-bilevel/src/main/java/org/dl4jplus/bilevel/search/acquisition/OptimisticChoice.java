package org.dl4jplus.bilevel.search.acquisition;

import java.util.Arrays;

/**
 * The choice of CONFIG among points whose objective and constraints are known by lower confidence
 * bounds: the least objective bound where all constraint bounds are at most 0. Where there is no
 * such point, the problem is held infeasible.
 *
 * <p>W. Xu, Y. Jiang, B. Svetozarevic, C. N. Jones: "Constrained Efficient Global Optimization of
 * Expensive Black-box Functions", arXiv 2211.00162 (2023).
 */
public final class OptimisticChoice {

  private OptimisticChoice() {}

  /**
   * The largest bound of the constraints.
   *
   * @param constraintBounds lower confidence bounds
   * @return at most 0 where the point may be feasible
   */
  public static double violation(double[] constraintBounds) {
    return Arrays.stream(constraintBounds).max().orElse(Double.NEGATIVE_INFINITY);
  }

  /**
   * What a point is worth.
   *
   * @param objectiveBound lower confidence bound of what is minimised
   * @param constraintBounds lower confidence bounds of the constraints
   * @return the negated bound; negative infinity where the point cannot be feasible
   */
  public static double worth(double objectiveBound, double[] constraintBounds) {
    return violation(constraintBounds) <= 0 ? -objectiveBound : Double.NEGATIVE_INFINITY;
  }
}
