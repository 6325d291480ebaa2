package org.dl4jplus.ot.solver;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A plan and what is known about it.
 *
 * <p>The arrays are the result's own and not copied: change none.
 *
 * @param problem what was solved
 * @param epsilon weight of the entropy; 0 for a plan without one
 * @param plan mass from each source to each target, n*m values, row after row
 * @param f potentials of the n sources: of KL(P|ab) where there is entropy, else the dual variables
 * @param g potentials of the m targets
 * @param linearCost sum of P*C
 * @param regOtCost what the solver minimises, at this plan. With entropy it is the sum of P*C +
 *     epsilon*KL(P|ab) (and what unbalanced marginals cost), and at convergence for exact marginals
 *     of sum 1 the sum of a*f + that of b*g
 * @param entRegCost sum of P*C + epsilon * the sum of P*log(P)
 * @param iterations steps taken
 * @param converged whether the solver's tolerance was reached
 * @param marginalError what the solver compared with its tolerance, by L1 norm
 */
public record TransportResult(
    TransportProblem problem,
    double epsilon,
    double[] plan,
    double[] f,
    double[] g,
    double linearCost,
    double regOtCost,
    double entRegCost,
    int iterations,
    boolean converged,
    double marginalError) {

  /** A plan with entropy: the costs follow from the plan. */
  static TransportResult entropic(
      TransportProblem problem,
      double epsilon,
      double[] plan,
      double[] f,
      double[] g,
      int iterations,
      boolean converged,
      double marginalError) {
    double[] costs = problem.geometry().costs();
    double[] a = problem.sharedA();
    double[] b = problem.sharedB();
    double linear = 0;
    double entropy = 0;
    double mass = 0;
    double cross = 0;
    for (int i = 0; i < a.length; i++) {
      double row = 0;
      for (int j = 0; j < b.length; j++) {
        double p = plan[i * b.length + j];
        if (p > 0) {
          linear += p * costs[i * b.length + j];
          entropy += p * Math.log(p);
          cross += p * Math.log(b[j]);
          row += p;
        }
      }
      if (row > 0) {
        cross += row * Math.log(a[i]);
        mass += row;
      }
    }
    double divergence = entropy - cross - mass + Marginals.sum(a) * Marginals.sum(b);
    return new TransportResult(
        problem,
        epsilon,
        plan,
        f,
        g,
        linear,
        linear + epsilon * divergence,
        linear + epsilon * entropy,
        iterations,
        converged,
        marginalError);
  }

  /** With what marginals that do not fit add to the regularised cost. */
  TransportResult penalized(double penalty) {
    return new TransportResult(
        problem,
        epsilon,
        plan,
        f,
        g,
        linearCost,
        regOtCost + penalty,
        entRegCost,
        iterations,
        converged,
        marginalError);
  }

  /**
   * The plan as an array.
   *
   * @return the matrix [n, m] in double precision
   */
  public INDArray planMatrix() {
    return Nd4j.create(plan, new long[] {problem.rows(), problem.columns()}, 'c');
  }

  /**
   * The mass that leaves each source.
   *
   * @return n sums
   */
  public double[] rowSums() {
    return Marginals.rows(plan, problem.rows(), problem.columns());
  }

  /**
   * The mass that reaches each target.
   *
   * @return m sums
   */
  public double[] columnSums() {
    return Marginals.columns(plan, problem.rows(), problem.columns());
  }

  /**
   * How far the rows are from their weights.
   *
   * @return the L1 norm of P1 - a
   */
  public double rowError() {
    return Marginals.distance(rowSums(), problem.sharedA());
  }

  /**
   * How far the columns are from their weights.
   *
   * @return the L1 norm of P'1 - b
   */
  public double columnError() {
    return Marginals.distance(columnSums(), problem.sharedB());
  }
}
