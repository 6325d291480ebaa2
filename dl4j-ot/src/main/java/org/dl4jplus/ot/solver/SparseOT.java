package org.dl4jplus.ot.solver;

import java.util.Arrays;
import lombok.Builder;
import org.dl4jplus.ot.projection.Simplex;

/**
 * Transport whose plan has at most k entries in each column, and its relatives with quadratic and
 * with entropic regularisation, through a dual problem.
 *
 * <pre>{@code
 * dual:      max a'alpha + b'beta - sum_j delta(alpha + beta_j - c_j)        c_j = column j of C
 * semi-dual: max a'alpha - sum_j b_j max_j(alpha - c_j)
 *
 * L2:        delta(x) = sum max(x,0)^2/(2 gamma), plan column max(x,0)/gamma
 *            max_j(x) = x'y - gamma b_j |y|^2/2,  y = projection of x/(gamma b_j) on the simplex
 * SPARSE(k): the same on the k largest entries of x, 0 elsewhere; among equals the lowest index
 * KL:        delta(x) = gamma sum exp(x/gamma - 1)
 *            max_j(x) = gamma log sum exp(x/gamma) - gamma log b_j, plan column b_j softmax(x/gamma)
 * }</pre>
 *
 * <p>It is solved by L-BFGS from 0. In the semi-dual the columns of a plan always sum to b; the
 * rows do as well as the problem is solved, and {@code marginalError} says how well (the L1 norm of
 * the gradient). For small k the problem has kinks, and where the optimum lies on one the rows stay
 * off: no plan of k entries a column is optimal then. The result's potentials are alpha and beta
 * (the multipliers of the columns), {@code regOtCost} is the value of the dual, {@code converged}
 * the optimiser's. A result's derivatives: the value's with respect to C are the plan, with respect
 * to a alpha.
 *
 * <p>Fields: {@code regularizer} ({@link Regularizer#SPARSE}); {@code gamma} above 0 (1); {@code
 * maxNonZeros} k at least 1, at most the number of sources (required for SPARSE, refused
 * otherwise); {@code formulation} ({@link Formulation#SEMI_DUAL}); {@code maxIterations} at least 1
 * (500); {@code tolerance} on the gradient's largest entry, at least 0 (1e-9); {@code
 * allowInfeasible}: without it a k that leaves too few entries for all sources with mass is refused
 * (false). A solver keeps no state.
 *
 * <p>T. Liu, J. Puigcerver, M. Blondel: "Sparsity-Constrained Optimal Transport", arXiv 2209.15466
 * (2023). M. Blondel, V. Seguy, A. Rolet: "Smooth and Sparse Optimal Transport", arXiv 1710.06276
 * (2018).
 */
public final class SparseOT implements TransportSolver {

  private static final Simplex PROBABILITIES = new Simplex(1);

  /** What is added to the linear cost. */
  public enum Regularizer {
    /** Squares, and at most k entries in a column. */
    SPARSE,
    /** Squares. */
    L2,
    /** Entropy. */
    KL
  }

  /** Which dual is solved. */
  public enum Formulation {
    /** Over alpha alone: columns always fit. */
    SEMI_DUAL,
    /** Over alpha and beta. */
    DUAL
  }

  /**
   * A dual at a point.
   *
   * <p>The arrays are the record's own and not copied.
   *
   * @param value what is maximised
   * @param gradientAlpha n values
   * @param gradientBeta m values; 0 for the semi-dual, whose beta is optimal
   * @param beta m multipliers of the columns; 0 where b is
   * @param plan n*m values, row after row
   */
  public record DualPoint(
      double value, double[] gradientAlpha, double[] gradientBeta, double[] beta, double[] plan) {}

  private final Regularizer regularizer;
  private final double gamma;
  private final Integer maxNonZeros;
  private final Formulation formulation;
  private final Lbfgs optimizer;
  private final boolean allowInfeasible;

  @Builder
  private SparseOT(
      Regularizer regularizer,
      Double gamma,
      Integer maxNonZeros,
      Formulation formulation,
      Integer maxIterations,
      Double tolerance,
      boolean allowInfeasible) {
    this.regularizer = regularizer == null ? Regularizer.SPARSE : regularizer;
    this.gamma = Arguments.positive("gamma", gamma, 1);
    if ((this.regularizer == Regularizer.SPARSE) != (maxNonZeros != null)) {
      throw new IllegalArgumentException(
          "maxNonZeros must be set for SPARSE and for no other regularizer, got "
              + maxNonZeros
              + " for "
              + this.regularizer);
    }
    this.maxNonZeros =
        maxNonZeros == null ? null : (Integer) Arguments.count("maxNonZeros", maxNonZeros, 1);
    this.formulation = formulation == null ? Formulation.SEMI_DUAL : formulation;
    this.optimizer = Lbfgs.builder().maxIterations(maxIterations).tolerance(tolerance).build();
    this.allowInfeasible = allowInfeasible;
  }

  @Override
  public TransportResult solve(TransportProblem problem) {
    problem.requireBalanced();
    requireRoom(problem);
    int n = problem.rows();
    int m = problem.columns();
    boolean semi = formulation == Formulation.SEMI_DUAL;
    Lbfgs.Minimum minimum =
        optimizer.minimize(
            (x, gradient) -> {
              DualPoint point = point(problem, x, semi);
              for (int k = 0; k < x.length; k++) {
                gradient[k] = -(k < n ? point.gradientAlpha()[k] : point.gradientBeta()[k - n]);
              }
              return -point.value();
            },
            new double[semi ? n : n + m]);
    DualPoint best = point(problem, minimum.x(), semi);
    double zero = 0;
    for (double g : minimum.gradient()) {
      zero += Math.abs(g);
    }
    double linear = Marginals.dot(best.plan(), problem.geometry().costs());
    double entropy = 0;
    for (double p : best.plan()) {
      entropy += p > 0 ? p * Math.log(p) : 0;
    }
    return new TransportResult(
        problem,
        regularizer == Regularizer.KL ? gamma : 0,
        best.plan(),
        Arrays.copyOf(minimum.x(), n),
        best.beta(),
        linear,
        best.value(),
        regularizer == Regularizer.KL ? linear + gamma * entropy : linear,
        minimum.iterations(),
        minimum.converged(),
        zero);
  }

  private DualPoint point(TransportProblem problem, double[] x, boolean semi) {
    int n = problem.rows();
    return semi
        ? semiDual(problem, x)
        : dual(problem, Arrays.copyOf(x, n), Arrays.copyOfRange(x, n, x.length));
  }

  private void requireRoom(TransportProblem problem) {
    requireNonZeros(problem);
    if (maxNonZeros == null || allowInfeasible) {
      return;
    }
    long sources = Arrays.stream(problem.sharedA()).filter(v -> v > 0).count();
    long targets = Arrays.stream(problem.sharedB()).filter(v -> v > 0).count();
    if (maxNonZeros * targets < sources) {
      throw new IllegalArgumentException(
          "maxNonZeros must be at least "
              + (sources + targets - 1) / targets
              + " for "
              + sources
              + " sources and "
              + targets
              + " targets with mass (or allowInfeasible), got "
              + maxNonZeros);
    }
  }

  private void requireNonZeros(TransportProblem problem) {
    if (maxNonZeros != null && maxNonZeros > problem.rows()) {
      throw new IllegalArgumentException(
          "maxNonZeros must be at most the number of sources, "
              + problem.rows()
              + ", got "
              + maxNonZeros);
    }
  }

  /**
   * The dual at a point.
   *
   * @param problem costs and weights
   * @param alpha n finite values
   * @param beta m finite values
   * @return value, gradient and plan
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  public DualPoint dual(TransportProblem problem, double[] alpha, double[] beta) {
    requireNonZeros(problem);
    int n = problem.rows();
    int m = problem.columns();
    Arguments.sized("alpha", alpha, n);
    Arguments.sized("beta", beta, m);
    double[] costs = problem.geometry().costs();
    double[] plan = new double[n * m];
    double value = Marginals.dot(problem.sharedA(), alpha) + Marginals.dot(problem.sharedB(), beta);
    double[] x = new double[n];
    for (int j = 0; j < m; j++) {
      for (int i = 0; i < n; i++) {
        x[i] = alpha[i] + beta[j] - costs[i * m + j];
      }
      boolean[] kept = kept(x);
      for (int i = 0; i < n; i++) {
        double p = 0;
        if (regularizer == Regularizer.KL) {
          p = Math.exp(x[i] / gamma - 1);
          value -= gamma * p;
        } else if (kept[i] && x[i] > 0) {
          p = x[i] / gamma;
          value -= gamma * p * p / 2;
        }
        plan[i * m + j] = p;
      }
    }
    double[] gradientBeta = problem.b();
    double[] columns = Marginals.columns(plan, n, m);
    for (int j = 0; j < m; j++) {
      gradientBeta[j] -= columns[j];
    }
    return new DualPoint(value, rowGradient(problem, plan), gradientBeta, beta, plan);
  }

  /**
   * The semi-dual at a point.
   *
   * @param problem costs and weights
   * @param alpha n finite values
   * @return value, gradient and plan
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  public DualPoint semiDual(TransportProblem problem, double[] alpha) {
    requireNonZeros(problem);
    int n = problem.rows();
    int m = problem.columns();
    Arguments.sized("alpha", alpha, n);
    double[] b = problem.sharedB();
    double[] costs = problem.geometry().costs();
    double[] plan = new double[n * m];
    double[] beta = new double[m];
    double value = Marginals.dot(problem.sharedA(), alpha);
    double[] x = new double[n];
    double[] y = new double[n];
    for (int j = 0; j < m; j++) {
      if (b[j] == 0) {
        continue;
      }
      for (int i = 0; i < n; i++) {
        x[i] = alpha[i] - costs[i * m + j];
      }
      if (regularizer == Regularizer.KL) {
        double log = softmax(x, y);
        value -= b[j] * gamma * (log - Math.log(b[j]));
        beta[j] = gamma * (1 + Math.log(b[j]) - log);
      } else {
        double weight = gamma * b[j];
        beta[j] = -weight * project(x, kept(x), weight, y);
        value -= b[j] * (Marginals.dot(x, y) - weight * Marginals.dot(y, y) / 2);
      }
      for (int i = 0; i < n; i++) {
        plan[i * m + j] = b[j] * y[i];
      }
    }
    return new DualPoint(value, rowGradient(problem, plan), new double[m], beta, plan);
  }

  private static double[] rowGradient(TransportProblem problem, double[] plan) {
    double[] gradient = problem.a();
    double[] rows = Marginals.rows(plan, problem.rows(), problem.columns());
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] -= rows[i];
    }
    return gradient;
  }

  /** Fills y with softmax(x/gamma); returns log sum exp(x/gamma). */
  private double softmax(double[] x, double[] y) {
    double top = Double.NEGATIVE_INFINITY;
    for (double v : x) {
      top = Math.max(top, v / gamma);
    }
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      y[i] = Math.exp(x[i] / gamma - top);
      sum += y[i];
    }
    for (int i = 0; i < x.length; i++) {
      y[i] /= sum;
    }
    return top + Math.log(sum);
  }

  /** Fills y with the projection of x/weight on the (sparse) simplex; returns its threshold. */
  private static double project(double[] x, boolean[] kept, double weight, double[] y) {
    int count = 0;
    for (int i = 0; i < x.length; i++) {
      if (kept[i]) {
        y[count++] = x[i] / weight;
      }
    }
    double[] part = Arrays.copyOf(y, count);
    PROBABILITIES.project(part);
    double threshold = 0;
    int at = 0;
    for (int i = 0; i < x.length; i++) {
      y[i] = kept[i] ? part[at++] : 0;
      if (y[i] > 0) {
        threshold = x[i] / weight - y[i];
      }
    }
    return threshold;
  }

  /** Which entries are among the k largest. */
  private boolean[] kept(double[] x) {
    boolean[] kept = new boolean[x.length];
    if (maxNonZeros == null || maxNonZeros >= x.length) {
      Arrays.fill(kept, true);
      return kept;
    }
    double[] sorted = x.clone();
    Arrays.sort(sorted);
    double least = sorted[x.length - maxNonZeros];
    int equal = maxNonZeros;
    for (double v : x) {
      equal -= v > least ? 1 : 0;
    }
    for (int i = 0; i < x.length; i++) {
      kept[i] = x[i] > least || x[i] == least && equal-- > 0;
    }
    return kept;
  }
}
