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
 * The first terms of the Neumann series, one product each:
 *
 * <pre>{@code
 * x = stepSize * sum over i = 0..terms of (I - stepSize*A)^i * b
 * }</pre>
 *
 * <p>It converges where all eigenvalues of stepSize*A lie in (0, 2), with the rate ||I -
 * stepSize*A||. Where a term is longer than the one before it five times in a row, the series is
 * given up as {@link Stop#DIVERGED} and the sum before the growth is the result. With a start the
 * series is summed on what the start leaves.
 *
 * <ul>
 *   <li>terms: beyond the first, at least 0; default 3. With 0 the matrix counts as I / stepSize
 *   <li>stepSize: above 0; no default, except in an implicit-function algorithm, where it is the
 *       lower learning rate
 *   <li>ridge: at least 0; default 0
 * </ul>
 *
 * <p>The residual is the last term's size relative to b, which comes for free: it is that of the
 * sum without this term.
 *
 * <p>J. Lorraine, P. Vicol, D. Duvenaud, "Optimizing Millions of Hyperparameters by Implicit
 * Differentiation", arXiv 1911.02590, 2020.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class NeumannSeries implements LinearSolver {

  private static final int GROWTH = 5;

  private final int terms;
  private final Double stepSize;
  private final double ridge;

  @Builder(toBuilder = true)
  @JsonCreator
  private NeumannSeries(
      @JsonProperty("terms") Integer terms,
      @JsonProperty("stepSize") Double stepSize,
      @JsonProperty("ridge") Double ridge) {
    this.terms = Require.atLeast("terms", terms, 3, 0);
    this.stepSize = stepSize == null ? null : Require.positive("stepSize", stepSize, 0);
    this.ridge = Require.nonNegative("ridge", ridge, 0);
  }

  @Override
  public Solution solve(LinearOperator a, double[] b, double[] start) {
    return LinearRun.solve(a, b, start, ridge, this::solve);
  }

  private Solution solve(LinearRun run) {
    if (stepSize == null) {
      throw new IllegalArgumentException("stepSize must be set");
    }
    double[] term = run.firstResidual();
    double[] beforeGrowth = null;
    double norm = Vectors.norm(term);
    double normBeforeGrowth = norm;
    Vectors.add(run.x, stepSize, term);
    int growth = 0;
    for (int k = 1; k <= terms; k++) {
      double[] next = term.clone();
      Vectors.add(next, -stepSize, run.product(term));
      double length = Vectors.norm(next);
      boolean finite = length < Double.POSITIVE_INFINITY;
      if (finite && length <= norm) {
        growth = 0;
      } else if (growth++ == 0) {
        beforeGrowth = run.x.clone();
        normBeforeGrowth = norm;
      }
      if (growth == GROWTH || !finite) {
        System.arraycopy(beforeGrowth, 0, run.x, 0, beforeGrowth.length);
        return run.solution(normBeforeGrowth, k, Stop.DIVERGED);
      }
      Vectors.add(run.x, stepSize, next);
      term = next;
      norm = length;
    }
    return run.solution(norm, terms, terms == 0 ? Stop.CONVERGED : Stop.ITERATIONS);
  }
}
