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
 * Stabilized biconjugate gradients, for matrices that are not symmetric; two products an iteration
 * and no memory that grows. Its residual goes up and down: the iterate with the smallest is given.
 *
 * <ul>
 *   <li>maxIter: at least 1; default 100
 *   <li>tol: at least 0; default 1e-6
 *   <li>ridge: at least 0; default 0
 * </ul>
 *
 * <p>H. A. van der Vorst, "Bi-CGSTAB: A Fast and Smoothly Converging Variant of Bi-CG for the
 * Solution of Nonsymmetric Linear Systems", 1992.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class BiCgStab implements LinearSolver {

  /** An inner product below this part of its factors is 0. */
  private static final double ORTHOGONAL = 1e-14;

  private final int maxIter;
  private final double tol;
  private final double ridge;

  /** With the defaults. */
  public BiCgStab() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private BiCgStab(
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
    double[] shadow = r.clone();
    double[] p = r.clone();
    double rho = Vectors.dot(r, r);
    double norm = Math.sqrt(rho);
    double best = norm;
    double[] x = run.x.clone();
    int k = 0;
    Stop stop = Stop.ITERATIONS;
    while (k < maxIter && !run.small(best, tol)) {
      double[] v = run.product(p);
      double across = Vectors.dot(shadow, v);
      if (!apart(across, shadow, v)) {
        stop = Stop.BREAKDOWN;
        break;
      }
      double alpha = rho / across;
      Vectors.add(r, -alpha, v);
      Vectors.add(x, alpha, p);
      double[] t = run.product(r);
      double length = Vectors.dot(t, t);
      double omega = length == 0 ? 0 : Vectors.dot(t, r) / length;
      Vectors.add(x, omega, r);
      Vectors.add(r, -omega, t);
      norm = Vectors.norm(r);
      k++;
      if (norm < best) {
        best = norm;
        System.arraycopy(x, 0, run.x, 0, x.length);
      }
      double next = Vectors.dot(shadow, r);
      double beta = next / rho * (alpha / omega);
      if (!run.small(best, tol) && !(omega != 0 && apart(next, shadow, r) && finite(beta))) {
        stop = Stop.BREAKDOWN;
        break;
      }
      for (int i = 0; i < p.length; i++) {
        p[i] = r[i] + beta * (p[i] - omega * v[i]);
      }
      rho = next;
    }
    return run.solution(best, k, run.small(best, tol) ? Stop.CONVERGED : stop);
  }

  private static boolean apart(double product, double[] u, double[] v) {
    return finite(product) && Math.abs(product) > ORTHOGONAL * Vectors.norm(u) * Vectors.norm(v);
  }

  private static boolean finite(double value) {
    return Math.abs(value) < Double.POSITIVE_INFINITY;
  }
}
