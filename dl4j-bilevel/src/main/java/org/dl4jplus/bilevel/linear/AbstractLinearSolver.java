package org.dl4jplus.bilevel.linear;

import org.dl4jplus.bilevel.linear.Solution.Stop;

/** What all solvers do at the start. */
abstract class AbstractLinearSolver implements LinearSolver {

  @Override
  public final Solution solve(LinearOperator a, double[] b, double[] start) {
    LinearRun run = new LinearRun(a, b, start, operatorRidge());
    return run.norm == 0 ? run.solution(0, 0, Stop.CONVERGED) : solve(run);
  }

  /** What is added to A's diagonal in every product. */
  abstract double operatorRidge();

  abstract Solution solve(LinearRun run);
}
