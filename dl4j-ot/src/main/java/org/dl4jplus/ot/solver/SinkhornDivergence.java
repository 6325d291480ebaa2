package org.dl4jplus.ot.solver;

import lombok.Builder;
import lombok.extern.slf4j.Slf4j;

/**
 * Sinkhorn's divergence between two weighted sets of points: entropic transport without the bias
 * that entropy brings, 0 between equal measures and never negative.
 *
 * <pre>{@code
 * S(x, y) = OT(x, y) - OT(x, x)/2 - OT(y, y)/2 + epsilon/2 (sum a - sum b)^2
 * dS/dx_i = 2 sum_j Pxy_ij (x_i - y_j) - 2 sum_j Pxx_ij (x_i - x_j)
 * symmetric problems: f <- (f - tau epsilon log sum_j a_j exp((f_j - C_ij)/epsilon))/2
 * }</pre>
 *
 * <p>The cost is the squared Euclidean distance; all three problems have the same epsilon. The last
 * term matters only with {@code rho}, which lets masses differ. OT is the regularised cost, or with
 * {@link Value#SHARP} the sum of P*C, whose gradient takes the plans' derivatives too. Without
 * convergence one warning is logged.
 *
 * <p>Fields: {@code epsilon} above 0 (default {@link Geometry#defaultEpsilon()} of x against y);
 * {@code maxIterations} at least 1 (2000); {@code tolerance} at least 0 (1e-3); {@code
 * innerIterations} at least 1 (10); {@code rho} above 0 (infinity); {@code value} ({@link
 * Value#REGULARIZED}). A solver keeps no state.
 *
 * <p>J. Feydy, T. Sejourne, F.-X. Vialard, S. Amari, A. Trouve, G. Peyre: "Interpolating between
 * Optimal Transport and MMD using Sinkhorn Divergences", arXiv 1810.08278 (2018). A. Genevay, G.
 * Peyre, M. Cuturi: "Learning Generative Models with Sinkhorn Divergences", arXiv 1706.00292
 * (2017).
 */
@Slf4j
public final class SinkhornDivergence {

  /** What a transport problem counts with. */
  public enum Value {
    /** The cost with its entropy. */
    REGULARIZED,
    /** The sum of P*C alone. */
    SHARP
  }

  /**
   * A divergence and its gradients.
   *
   * <p>The arrays are the record's own and not copied.
   *
   * @param value the divergence
   * @param xy transport from x to y
   * @param xx from x to x
   * @param yy from y to y
   * @param gradientX with respect to the n points x, n*d values
   * @param gradientY with respect to the m points y, m*d values
   */
  public record Divergence(
      double value,
      TransportResult xy,
      TransportResult xx,
      TransportResult yy,
      double[] gradientX,
      double[] gradientY) {

    /**
     * Whether all three problems reached the tolerance.
     *
     * @return true if so
     */
    public boolean converged() {
      return xy.converged() && xx.converged() && yy.converged();
    }
  }

  private final Double epsilon;
  private final int maxIterations;
  private final double tolerance;
  private final int innerIterations;
  private final double rho;
  private final Value value;

  @Builder
  private SinkhornDivergence(
      Double epsilon,
      Integer maxIterations,
      Double tolerance,
      Integer innerIterations,
      Double rho,
      Value value) {
    this.epsilon = epsilon == null ? null : (Double) Arguments.positive("epsilon", epsilon, 1);
    this.maxIterations = Arguments.count("maxIterations", maxIterations, 2000);
    this.tolerance = Arguments.nonNegative("tolerance", tolerance, 1e-3);
    this.innerIterations = Arguments.count("innerIterations", innerIterations, 10);
    this.rho = Arguments.penalty("rho", rho);
    this.value = value == null ? Value.REGULARIZED : value;
  }

  /**
   * The divergence between two weighted sets.
   *
   * @param x points [n][d]
   * @param y points [m][d]
   * @param a n weights, or null for 1/n each
   * @param b m weights, or null for 1/m each
   * @return the divergence and its gradients
   * @throws IllegalArgumentException for bad points or weights, or masses that do not balance
   */
  public Divergence solve(double[][] x, double[][] y, double[] a, double[] b) {
    PointCloud between = PointCloud.of(x, y);
    double weight = epsilon == null ? between.defaultEpsilon() : epsilon;
    TransportProblem problem = TransportProblem.of(between, a, b);
    PointCloud withinX = PointCloud.of(x, x);
    PointCloud withinY = PointCloud.of(y, y);
    Sinkhorn solver =
        Sinkhorn.builder()
            .epsilon(weight)
            .maxIterations(maxIterations)
            .tolerance(tolerance)
            .innerIterations(innerIterations)
            .rho(rho)
            .build();
    TransportResult xy = solver.quiet(problem, null);
    TransportResult xx = symmetric(withinX, problem.sharedA(), weight);
    TransportResult yy = symmetric(withinY, problem.sharedB(), weight);
    double[] gradientX = between.gradientX(costGradient(solver, xy));
    double[] gradientY = between.gradientY(costGradient(solver, xy));
    subtractHalf(gradientX, withinX, costGradient(solver, xx));
    subtractHalf(gradientY, withinY, costGradient(solver, yy));
    double surplus = Marginals.sum(problem.sharedA()) - Marginals.sum(problem.sharedB());
    double result = cost(xy) - cost(xx) / 2 - cost(yy) / 2 + weight / 2 * surplus * surplus;
    Divergence divergence = new Divergence(result, xy, xx, yy, gradientX, gradientY);
    if (!divergence.converged()) {
      log.warn(
          "Sinkhorn divergence: marginal errors {}, {}, {}, tolerance {}",
          xy.marginalError(),
          xx.marginalError(),
          yy.marginalError(),
          tolerance);
    }
    return divergence;
  }

  private double cost(TransportResult result) {
    return value == Value.SHARP ? result.linearCost() : result.regOtCost();
  }

  /** With respect to a problem's costs; the plan alone where the plan is optimal for the value. */
  private double[] costGradient(Sinkhorn solver, TransportResult result) {
    if (value == Value.REGULARIZED) {
      return result.plan();
    }
    double[] costs = result.problem().geometry().costs();
    double[] gradient = solver.planGradient(result, costs).cost();
    for (int k = 0; k < gradient.length; k++) {
      gradient[k] += result.plan()[k];
    }
    return gradient;
  }

  /** Points within one set are sources and targets at once. */
  private static void subtractHalf(double[] gradient, PointCloud within, double[] costGradient) {
    double[] asSources = within.gradientX(costGradient);
    double[] asTargets = within.gradientY(costGradient);
    for (int k = 0; k < gradient.length; k++) {
      gradient[k] -= (asSources[k] + asTargets[k]) / 2;
    }
  }

  private TransportResult symmetric(PointCloud cloud, double[] weights, double weight) {
    TransportProblem problem = TransportProblem.of(cloud, weights, weights);
    ScaledKernel kernel = new ScaledKernel(problem, weight);
    double step = -weight * Sinkhorn.tau(rho, weight);
    double[] f = new double[weights.length];
    double[] logs = new double[weights.length];
    for (int k = 0; ; k++) {
      kernel.columns(f, logs);
      if (k > 0 && k % innerIterations == 0 || k == maxIterations) {
        double error = Sinkhorn.error(weights, f, logs, weight, rho);
        if (error <= tolerance || k == maxIterations) {
          double[] plan = ScaledKernel.plan(problem, weight, f, f);
          TransportResult result =
              TransportResult.entropic(problem, weight, plan, f, f, k, error <= tolerance, error);
          return result.penalized(2 * Sinkhorn.penalty(rho, result.rowSums(), weights));
        }
      }
      for (int i = 0; i < f.length; i++) {
        f[i] = (f[i] + step * logs[i]) / 2;
      }
      kernel.follow(f, f);
    }
  }
}
