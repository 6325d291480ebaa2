package org.dl4jplus.ot.experts;

import java.util.Arrays;
import org.dl4jplus.ot.solver.SparseOT;
import org.dl4jplus.ot.solver.TransportProblem;

/**
 * Routing by sparsity-constrained transport: the tokens, 1/tokens each, are moved to the experts,
 * 1/experts each, at cost -score, and no expert gets more than its capacity of tokens.
 *
 * <pre>{@code
 * gate = tokens T,   T the plan, which is  projection(x/(gamma b)) b  in each column
 * x = alpha + score, b = 1/experts
 *
 * pass back: dT_i/dscore_l = (1/gamma) ([i = l] - 1/|support|)  within a column's support
 * }</pre>
 *
 * <p>A token whose mass is moved as a whole has gates of sum 1. The pass back holds the support and
 * the potentials alpha: it is the exact derivative for 0 iterations only, where alpha is 0 and
 * every expert chooses for itself. A capacity above the number of tokens counts as that number; one
 * that is too low for all tokens leaves some without an expert.
 *
 * <p>T. Liu, J. Puigcerver, M. Blondel: "Sparsity-Constrained Optimal Transport", arXiv 2209.15466
 * (2023).
 *
 * @param capacity most tokens an expert gets, at least 1
 * @param gamma weight of the squares in the transport problem, finite and above 0
 * @param iterations of the solver, at least 0
 */
public record TransportRouter(int capacity, double gamma, int iterations) implements Router {

  /**
   * A router.
   *
   * @param capacity most tokens an expert gets
   * @param gamma weight of the squares
   * @param iterations of the solver
   * @throws IllegalArgumentException if a value is out of range
   */
  public TransportRouter {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be >= 1: " + capacity);
    }
    if (!(gamma > 0) || Double.isInfinite(gamma)) {
      throw new IllegalArgumentException("gamma must be finite and > 0: " + gamma);
    }
    if (iterations < 0) {
      throw new IllegalArgumentException("iterations must be >= 0: " + iterations);
    }
  }

  @Override
  public Gates route(double[] scores, int tokens, int experts) {
    double[][] costs = new double[tokens][experts];
    for (int k = 0; k < scores.length; k++) {
      costs[k / experts][k % experts] = -scores[k];
    }
    TransportProblem problem = TransportProblem.of(costs, null, null);
    SparseOT solver =
        SparseOT.builder()
            .maxNonZeros(Math.min(capacity, tokens))
            .gamma(gamma)
            .maxIterations(Math.max(iterations, 1))
            .allowInfeasible(true)
            .build();
    double[] plan =
        iterations == 0
            ? solver.semiDual(problem, new double[tokens]).plan()
            : solver.solve(problem).plan();
    return new Gates(tokens, experts, Arrays.stream(plan).map(p -> p * tokens).toArray());
  }

  @Override
  public double[] backward(double[] scores, Gates gates, double[] gradient) {
    double[] result = new double[gradient.length];
    for (int e = 0; e < gates.experts(); e++) {
      int[] support = gates.tokensOf(e);
      double mean = 0;
      for (int i : support) {
        mean += gradient[i * gates.experts() + e] / support.length;
      }
      for (int i : support) {
        int k = i * gates.experts() + e;
        result[k] = gates.tokens() / gamma * (gradient[k] - mean);
      }
    }
    return result;
  }
}
