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
 * Conjugate gradients on the normal equations, for every matrix, at the square of its condition
 * number and with two products an iteration:
 *
 * <pre>{@code
 * (A'*A + ridge*I)*x = A'*b
 * }</pre>
 *
 * <p>Of a singular system it finds, from 0, the shortest least-squares solution. The reported
 * residual is that of A*x = b, without the ridge: it shows what cannot be reached.
 *
 * <ul>
 *   <li>maxIter: at least 1; default 100
 *   <li>tol: on the residual of the normal equations relative to A'*b, at least 0; default 1e-6
 *   <li>ridge: added to A'*A, at least 0; default 0
 * </ul>
 *
 * <p>In the form CGLS, which does not have the product A'*A (A. Bjorck, "Numerical Methods for
 * Least Squares Problems", 1996).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class NormalConjugateGradient implements LinearSolver {

  private final int maxIter;
  private final double tol;
  private final double ridge;

  /** With the defaults. */
  public NormalConjugateGradient() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private NormalConjugateGradient(
      @JsonProperty("maxIter") Integer maxIter,
      @JsonProperty("tol") Double tol,
      @JsonProperty("ridge") Double ridge) {
    this.maxIter = Require.count("maxIter", maxIter, 100);
    this.tol = Require.nonNegative("tol", tol, 1e-6);
    this.ridge = Require.nonNegative("ridge", ridge, 0);
  }

  @Override
  public Solution solve(LinearOperator a, double[] b, double[] start) {
    return LinearRun.solve(a, b, start, 0, this::solve);
  }

  private Solution solve(LinearRun run) {
    double[] r = run.firstResidual();
    double[] s = run.transposed(r);
    // From 0 the residual is b: the product is at hand.
    double target =
        tol * (Vectors.largest(run.x) == 0 ? Vectors.norm(s) : Vectors.norm(run.transposed(run.b)));
    Vectors.add(s, -ridge, run.x);
    double[] p = s.clone();
    double square = Vectors.dot(s, s);
    if (!(square < Double.POSITIVE_INFINITY)) {
      return run.solution(Vectors.norm(r), 0, Stop.BREAKDOWN);
    }
    Stop stop = Stop.ITERATIONS;
    int k = 0;
    for (; k < maxIter; k++) {
      if (converged(square, target) || run.orthogonal(s, r)) {
        stop = Stop.CONVERGED;
        break;
      }
      double[] q = run.product(p);
      double alpha = square / (Vectors.dot(q, q) + ridge * Vectors.dot(p, p));
      double[] x = run.x.clone();
      double[] next = r.clone();
      Vectors.add(x, alpha, p);
      Vectors.add(next, -alpha, q);
      s = run.transposed(next);
      Vectors.add(s, -ridge, x);
      double nextSquare = Vectors.dot(s, s);
      if (!(nextSquare + Vectors.dot(next, next) < Double.POSITIVE_INFINITY)) {
        stop = Stop.BREAKDOWN;
        break;
      }
      System.arraycopy(x, 0, run.x, 0, x.length);
      for (int i = 0; i < p.length; i++) {
        p[i] = s[i] + nextSquare / square * p[i];
      }
      r = next;
      square = nextSquare;
    }
    if (stop == Stop.ITERATIONS && converged(square, target)) {
      stop = Stop.CONVERGED;
    }
    return run.solution(Vectors.norm(r), k, stop);
  }

  /** The floor is far below what rounding leaves: squares of it would vanish. */
  private static boolean converged(double square, double target) {
    return Math.sqrt(square) <= Math.max(target, 1e-100);
  }
}
