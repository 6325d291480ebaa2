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
 * Generalized minimal residuals with restarts, for every matrix that is not singular; one product
 * an inner step and one a cycle. It keeps {@code restart} vectors. A cycle that does not lower the
 * residual ends it as {@link Stop#BREAKDOWN}.
 *
 * <ul>
 *   <li>maxIter: cycles, at least 1; default 20
 *   <li>restart: inner steps in a cycle, at least 1; default 20
 *   <li>tol: at least 0; default 1e-6
 *   <li>ridge: at least 0; default 0
 * </ul>
 *
 * <p>Y. Saad, M. H. Schultz, "GMRES: A Generalized Minimal Residual Algorithm for Solving
 * Nonsymmetric Linear Systems", 1986.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class Gmres implements LinearSolver {

  /** A vector of which less than this part is new is a combination of those before. */
  private static final double NOTHING_NEW = 1e-14;

  private final int maxIter;
  private final int restart;
  private final double tol;
  private final double ridge;

  /** With the defaults. */
  public Gmres() {
    this(null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Gmres(
      @JsonProperty("maxIter") Integer maxIter,
      @JsonProperty("restart") Integer restart,
      @JsonProperty("tol") Double tol,
      @JsonProperty("ridge") Double ridge) {
    this.maxIter = Require.count("maxIter", maxIter, 20);
    this.restart = Require.count("restart", restart, 20);
    this.tol = Require.nonNegative("tol", tol, 1e-6);
    this.ridge = Require.nonNegative("ridge", ridge, 0);
  }

  @Override
  public Solution solve(LinearOperator a, double[] b, double[] start) {
    return LinearRun.solve(a, b, start, ridge, this::solve);
  }

  private Solution solve(LinearRun run) {
    double[] r = run.firstResidual();
    double norm = Vectors.norm(r);
    int steps = 0;
    for (int cycle = 0; cycle < maxIter && !run.small(norm, tol); cycle++) {
      double[] before = run.x.clone();
      steps += cycle(run, r, norm);
      r = run.residual();
      double next = Vectors.norm(r);
      if (!(next < norm)) {
        System.arraycopy(before, 0, run.x, 0, before.length);
        return run.solution(norm, steps, Stop.BREAKDOWN);
      }
      norm = next;
    }
    return run.solution(norm, steps, run.small(norm, tol) ? Stop.CONVERGED : Stop.ITERATIONS);
  }

  /** Adds to x what minimises the residual over the next Krylov space. */
  private int cycle(LinearRun run, double[] r, double norm) {
    int most = Math.min(restart, run.size());
    double[][] basis = new double[most + 1][];
    double[][] columns = new double[most][];
    double[] cosines = new double[most];
    double[] sines = new double[most];
    double[] rotated = new double[most + 1];
    basis[0] = Vectors.scaled(1 / norm, r);
    rotated[0] = norm;
    int k = 0;
    while (k < most) {
      double[] w = run.product(basis[k]);
      double length = Vectors.norm(w);
      if (!(length < Double.POSITIVE_INFINITY)) {
        break;
      }
      double[] column = orthogonalized(w, basis, k);
      double rest = Vectors.norm(w);
      for (int i = 0; i < k; i++) {
        double upper = column[i];
        column[i] = cosines[i] * upper + sines[i] * column[i + 1];
        column[i + 1] = cosines[i] * column[i + 1] - sines[i] * upper;
      }
      double diagonal = Math.hypot(column[k], rest);
      if (diagonal <= NOTHING_NEW * length || diagonal == 0) {
        break;
      }
      cosines[k] = column[k] / diagonal;
      sines[k] = rest / diagonal;
      column[k] = diagonal;
      columns[k] = column;
      rotated[k + 1] = -sines[k] * rotated[k];
      rotated[k] *= cosines[k];
      k++;
      if (run.small(Math.abs(rotated[k]), tol) || rest <= NOTHING_NEW * length) {
        break;
      }
      basis[k] = Vectors.scaled(1 / rest, w);
    }
    for (int i = k - 1; i >= 0; i--) {
      rotated[i] /= columns[i][i];
      for (int j = 0; j < i; j++) {
        rotated[j] -= columns[i][j] * rotated[i];
      }
      Vectors.add(run.x, rotated[i], basis[i]);
    }
    return k;
  }

  /** Takes its parts along the basis out of w, twice for the rounding, and gives them. */
  private static double[] orthogonalized(double[] w, double[][] basis, int k) {
    double[] column = new double[k + 2];
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i <= k; i++) {
        double part = Vectors.dot(basis[i], w);
        Vectors.add(w, -part, basis[i]);
        column[i] += part;
      }
    }
    return column;
  }
}
