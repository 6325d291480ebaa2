package org.dl4jplus.ot.solver;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Something that finds a plan for a transport problem. */
public interface TransportSolver {

  /**
   * Solves a problem.
   *
   * @param problem costs and weights
   * @return the plan and what is known about it
   * @throws IllegalArgumentException if the problem is not one for this solver
   */
  TransportResult solve(TransportProblem problem);

  /**
   * Solves the problem with given costs.
   *
   * @param cost the matrix [n][m]
   * @param a n weights of the sources, or null for 1/n each
   * @param b m weights of the targets, or null for 1/m each
   * @return the plan and what is known about it
   * @throws IllegalArgumentException for bad costs or weights
   */
  default TransportResult solve(double[][] cost, double[] a, double[] b) {
    return solve(TransportProblem.of(cost, a, b));
  }

  /**
   * Solves the problem with given costs.
   *
   * @param cost the matrix [n, m]
   * @param a n weights of the sources, or null for 1/n each
   * @param b m weights of the targets, or null for 1/m each
   * @return the plan and what is known about it
   * @throws IllegalArgumentException for bad costs or weights
   */
  default TransportResult solve(INDArray cost, INDArray a, INDArray b) {
    return solve(TransportProblem.of(cost, a, b));
  }
}
