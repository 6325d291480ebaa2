package org.dl4jplus.bilevel.linear;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.linear.Solution.Stop;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Conjugate gradients, for symmetric positive definite matrices; one product an iteration. A
 * direction p with p'*A*p &lt;= 0 ends it as {@link Stop#INDEFINITE}, with the iterate before.
 *
 * <ul>
 *   <li>maxIter: at least 1; default 100
 *   <li>tol: at least 0; default 1e-6
 *   <li>ridge: at least 0; default 0
 * </ul>
 *
 * <p>M. R. Hestenes, E. Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems", 1952.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class ConjugateGradient implements LinearSolver {

  private final int maxIter;
  private final double tol;
  private final double ridge;

  /** With the defaults. */
  public ConjugateGradient() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private ConjugateGradient(
      @JsonProperty("maxIter") Integer maxIter,
      @JsonProperty("tol") Double tol,
      @JsonProperty("ridge") Double ridge) {
    this.maxIter = Require.count("maxIter", maxIter, 100);
    this.tol = Require.nonNegative("tol", tol, 1e-6);
    this.ridge = Require.nonNegative("ridge", ridge, 0);
  }

  @Override
  public Solution solve(LinearOperator a, double[] b, double[] start) {
    return LinearRun.solve(a, b, start, ridge, this::solve);
  }

  private Solution solve(LinearRun run) {
    double[] r = run.firstResidual();
    double[] p = r.clone();
    double square = Vectors.dot(r, r);
    for (int k = 0; k < maxIter; k++) {
      if (run.small(Math.sqrt(square), tol)) {
        return run.solution(Math.sqrt(square), k, Stop.CONVERGED);
      }
      double[] ap = run.product(p);
      double curvature = Vectors.dot(p, ap);
      double alpha = square / curvature;
      double[] next = r.clone();
      Vectors.add(next, -alpha, ap);
      double nextSquare = Vectors.dot(next, next);
      if (curvature <= 0 || !(nextSquare < Double.POSITIVE_INFINITY)) {
        Stop stop = curvature <= 0 ? Stop.INDEFINITE : Stop.BREAKDOWN;
        return run.solution(Math.sqrt(square), k, stop);
      }
      Vectors.add(run.x, alpha, p);
      for (int i = 0; i < p.length; i++) {
        p[i] = next[i] + nextSquare / square * p[i];
      }
      r = next;
      square = nextSquare;
    }
    double norm = Math.sqrt(square);
    return run.solution(norm, maxIter, run.small(norm, tol) ? Stop.CONVERGED : Stop.ITERATIONS);
  }
}
