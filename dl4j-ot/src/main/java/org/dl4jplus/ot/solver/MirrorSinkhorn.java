package org.dl4jplus.ot.solver;

import java.util.Arrays;
import lombok.Builder;

/**
 * Minimises any convex function of a plan over all plans between two marginals, from gradients that
 * may be noisy: one multiplicative step and one scaling an iteration.
 *
 * <pre>{@code
 * x_1 = ab'
 * y = x_t * exp(-eta_t G),   G = the gradient at x_t
 * x_(t+1) = y with its rows scaled to a for odd t, its columns to b for even t
 * average of x_1 .. x_T, rounded to a plan
 * }</pre>
 *
 * <p>Everything is kept in logarithms. Rows and columns without mass stay 0. The rounding scales
 * rows, then columns, down to their weights and adds what is missing as a product.
 *
 * <p>Fields: {@code iterations} T at least 1 (1000); {@code stepSize} above 0 (1); {@code schedule}
 * ({@link Schedule#INV_SQRT}). A solver keeps no state.
 *
 * <p>M. Ballu, Q. Berthet: "Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes",
 * arXiv 2211.10420 (2023).
 */
public final class MirrorSinkhorn {

  /** How the step changes with t. */
  public enum Schedule {
    /** stepSize/sqrt(t). */
    INV_SQRT,
    /** stepSize. */
    CONSTANT
  }

  /** A function of a plan, by its gradient. */
  @FunctionalInterface
  public interface GradientOracle {
    /**
     * The gradient, or a noisy one.
     *
     * @param plan n*m values, row after row; not to be changed
     * @return n*m values
     */
    double[] gradient(double[] plan);
  }

  /**
   * Where it came to; each plan has n*m values, row after row.
   *
   * @param last x_(T+1): one of its marginals fits
   * @param average of x_1 .. x_T
   * @param rounded the average as a plan: both marginals fit
   * @param iterations T
   */
  public record Path(double[] last, double[] average, double[] rounded, int iterations) {}

  private final int iterations;
  private final double stepSize;
  private final Schedule schedule;

  @Builder
  private MirrorSinkhorn(Integer iterations, Double stepSize, Schedule schedule) {
    this.iterations = Arguments.count("iterations", iterations, 1000);
    this.stepSize = Arguments.positive("stepSize", stepSize, 1);
    this.schedule = schedule == null ? Schedule.INV_SQRT : schedule;
  }

  /**
   * Minimises a function.
   *
   * @param oracle its gradients
   * @param a n weights of the sources
   * @param b m weights of the targets
   * @return where it came to
   * @throws IllegalArgumentException for bad weights, or sums that differ
   * @throws IllegalStateException if a gradient is not finite or of a wrong size
   */
  public Path minimize(GradientOracle oracle, double[] a, double[] b) {
    if (a == null || b == null) {
      throw new IllegalArgumentException("a and b must be given, got null");
    }
    int n = a.length;
    int m = b.length;
    Geometry nothing = Geometry.ofCost(n, m, new double[n * m]);
    TransportProblem.of(nothing, a, b).requireBalanced();
    double[] logs = new double[n * m];
    double[] x = new double[n * m];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        x[i * m + j] = a[i] * b[j];
        logs[i * m + j] = Math.log(a[i]) + Math.log(b[j]);
      }
    }
    double[] average = new double[n * m];
    for (int t = 1; t <= iterations; t++) {
      double[] gradient = checked(oracle.gradient(x), n * m, t);
      double step = schedule == Schedule.INV_SQRT ? stepSize / Math.sqrt(t) : stepSize;
      for (int k = 0; k < x.length; k++) {
        average[k] += x[k] / iterations;
        logs[k] -= step * gradient[k];
      }
      if (t % 2 == 1) {
        for (int i = 0; i < n; i++) {
          scale(logs, i * m, 1, m, a[i]);
        }
      } else {
        for (int j = 0; j < m; j++) {
          scale(logs, j, m, n, b[j]);
        }
      }
      for (int k = 0; k < x.length; k++) {
        x[k] = Math.exp(logs[k]);
      }
    }
    return new Path(x, average, round(average, a, b), iterations);
  }

  private static double[] checked(double[] gradient, int size, int iteration) {
    if (gradient == null || gradient.length != size) {
      throw new IllegalStateException(
          "The gradient must hold "
              + size
              + " values, got "
              + (gradient == null ? null : gradient.length));
    }
    for (double value : gradient) {
      if (!Double.isFinite(value)) {
        throw new IllegalStateException(
            "The gradient at iteration " + iteration + " holds " + value);
      }
    }
    return gradient;
  }

  /** Shifts logarithms so that their exponentials sum to a weight. */
  private static void scale(double[] logs, int from, int stride, int count, double weight) {
    double top = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < count; k++) {
      top = Math.max(top, logs[from + k * stride]);
    }
    if (Double.isInfinite(top)) {
      // A row or column without mass.
      return;
    }
    double sum = 0;
    for (int k = 0; k < count; k++) {
      sum += Math.exp(logs[from + k * stride] - top);
    }
    double shift = Math.log(weight) - top - Math.log(sum);
    for (int k = 0; k < count; k++) {
      logs[from + k * stride] += shift;
    }
  }

  /**
   * A plan near a non-negative matrix.
   *
   * <pre>{@code
   * X <- diag(min(1, a/X1)) X;  X <- X diag(min(1, b/X'1));  X += (a - X1)(b - X'1)'/sum(a - X1)
   * }</pre>
   *
   * <p>J. Altschuler, J. Weed, P. Rigollet: "Near-linear time approximation algorithms for optimal
   * transport via Sinkhorn iteration", arXiv 1705.09634 (2017).
   *
   * @param matrix n*m values of at least 0, row after row; not changed
   * @param a n weights
   * @param b m weights
   * @return n*m values with row sums a and column sums b
   */
  public static double[] round(double[] matrix, double[] a, double[] b) {
    int n = a.length;
    int m = b.length;
    double[] plan = Arguments.finite("matrix", matrix, n * m).clone();
    double[] rows = Marginals.rows(plan, n, m);
    for (int k = 0; k < plan.length; k++) {
      plan[k] *= down(a[k / m], rows[k / m]);
    }
    double[] columns = Marginals.columns(plan, n, m);
    for (int k = 0; k < plan.length; k++) {
      plan[k] *= down(b[k % m], columns[k % m]);
    }
    double[] missingA = minus(a, Marginals.rows(plan, n, m));
    double[] missingB = minus(b, Marginals.columns(plan, n, m));
    double missing = Marginals.sum(missingA);
    if (missing > 0) {
      for (int k = 0; k < plan.length; k++) {
        plan[k] += missingA[k / m] * missingB[k % m] / missing;
      }
    }
    return plan;
  }

  private static double down(double weight, double sum) {
    return sum > weight ? weight / sum : 1;
  }

  private static double[] minus(double[] p, double[] q) {
    double[] difference = new double[p.length];
    Arrays.setAll(difference, i -> Math.max(0, p[i] - q[i]));
    return difference;
  }
}
