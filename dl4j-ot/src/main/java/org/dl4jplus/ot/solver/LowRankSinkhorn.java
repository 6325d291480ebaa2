package org.dl4jplus.ot.solver;

import java.util.Arrays;
import lombok.Builder;

/**
 * Transport between sets of points by a plan of low rank, squared Euclidean cost.
 *
 * <pre>{@code
 * P = Q diag(1/g) R',  Q1 = a, R1 = b, Q'1 = R'1 = g
 * gamma = 10/max(|CR/g + reg log Q|^2, |C'Q/g + reg log R|^2, |w/g|^2)   largest entries, w = diag(Q'CR)
 * e1 = exp(-gamma CR/g - (gamma reg - 1) log Q), e2 likewise with C'Q and R
 * e3 = exp(gamma w/g^2 - (gamma reg - 1) log g)
 * (Q, R, g) = Dykstra's projection of (e1, e2, e3) on the constraints
 * }</pre>
 *
 * <p>The costs enter by their factors of rank d+2 only. The problem is not convex; the start is
 * deterministic: a mixture of the independent plan and of one with weights that rise with the
 * index. Exactly {@code outerIterations} steps are taken.
 *
 * <p>Fields: {@code rank} at least 1, at most the smaller number of points, and below 1/alpha
 * (required); {@code reg}, weight of the factors' entropy, at least 0 (0); {@code alpha}, least
 * entry of g, above 0 (1e-10); {@code outerIterations} at least 1 (100); {@code
 * dykstraMaxIterations} at least 1 (2000); {@code dykstraTolerance} at least 0 (1e-9).
 *
 * <p>M. Scetbon, M. Cuturi, G. Peyre: "Low-Rank Sinkhorn Factorization", arXiv 2103.04737 (2021).
 */
public final class LowRankSinkhorn {

  private static final double START_STEP = 10;
  private static final double FLOOR = 1e-16;

  /**
   * A plan in factors.
   *
   * <p>The arrays are the record's own and not copied.
   *
   * @param q n*rank values, row after row
   * @param r m*rank values, row after row
   * @param g rank values
   * @param linearCost sum of P*C
   * @param iterations outer steps
   * @param converged whether the last projection reached its tolerance
   * @param marginalError the plan's: L1 norms of P1 - a and of P'1 - b, added
   */
  public record LowRankPlan(
      double[] q,
      double[] r,
      double[] g,
      double linearCost,
      int iterations,
      boolean converged,
      double marginalError) {

    /**
     * The plan itself.
     *
     * @return n*m values, row after row
     */
    public double[] plan() {
      int rank = g.length;
      int n = q.length / rank;
      int m = r.length / rank;
      double[] plan = new double[n * m];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < m; j++) {
          double sum = 0;
          for (int k = 0; k < rank; k++) {
            sum += q[i * rank + k] * r[j * rank + k] / g[k];
          }
          plan[i * m + j] = sum;
        }
      }
      return plan;
    }
  }

  private final int rank;
  private final double reg;
  private final double alpha;
  private final int outerIterations;
  private final int dykstraMaxIterations;
  private final double dykstraTolerance;

  @Builder
  private LowRankSinkhorn(
      Integer rank,
      Double reg,
      Double alpha,
      Integer outerIterations,
      Integer dykstraMaxIterations,
      Double dykstraTolerance) {
    this.alpha = Arguments.positive("alpha", alpha, 1e-10);
    this.rank = Arguments.count("rank", rank, 0);
    Arguments.check(1.0 / this.rank >= this.alpha, "rank", this.rank, "at most 1/alpha");
    this.reg = Arguments.nonNegative("reg", reg, 0);
    this.outerIterations = Arguments.count("outerIterations", outerIterations, 100);
    this.dykstraMaxIterations = Arguments.count("dykstraMaxIterations", dykstraMaxIterations, 2000);
    this.dykstraTolerance = Arguments.nonNegative("dykstraTolerance", dykstraTolerance, 1e-9);
  }

  /**
   * Finds a plan.
   *
   * @param cloud the points
   * @param a n weights above 0, or null for 1/n each
   * @param b m weights above 0, or null for 1/m each
   * @return the plan
   * @throws IllegalArgumentException for bad weights or a rank above the number of points
   */
  public LowRankPlan solve(PointCloud cloud, double[] a, double[] b) {
    TransportProblem problem = TransportProblem.of(cloud, a, b).requireBalanced();
    int smaller = Math.min(cloud.rows(), cloud.columns());
    if (rank > smaller) {
      throw new IllegalArgumentException(
          "rank must be at most the number of points, " + smaller + ", got " + rank);
    }
    return new Run(cloud, problem.sharedA(), problem.sharedB()).run();
  }

  private final class Run {
    private final PointCloud cloud;
    private final double[] a;
    private final double[] b;
    private double[] q;
    private double[] r;
    private double[] g;
    private boolean converged;

    Run(PointCloud cloud, double[] a, double[] b) {
      this.cloud = cloud;
      this.a = a;
      this.b = b;
      g = new double[rank];
      Arrays.fill(g, 1.0 / rank);
      double least = Math.min(least("a", a), least("b", b));
      double lambda = Math.min(least, 1.0 / rank) / 2;
      q = start(a, lambda);
      r = start(b, lambda);
    }

    private double least(String name, double[] weights) {
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < weights.length; i++) {
        Arguments.positive(name + "[" + i + "]", weights[i], 1);
        least = Math.min(least, weights[i]);
      }
      return least;
    }

    private double[] start(double[] weights, double lambda) {
      int n = weights.length;
      double[] rising = rising(n);
      double[] risingG = rising(rank);
      double[] factor = new double[n * rank];
      for (int i = 0; i < n; i++) {
        for (int k = 0; k < rank; k++) {
          double restWeight = (weights[i] - lambda * rising[i]) / (1 - lambda);
          double restG = (g[k] - lambda * risingG[k]) / (1 - lambda);
          factor[i * rank + k] =
              lambda * rising[i] * risingG[k] + (1 - lambda) * restWeight * restG;
        }
      }
      return factor;
    }

    private static double[] rising(int n) {
      double[] values = new double[n];
      for (int i = 0; i < n; i++) {
        values[i] = 2.0 * (i + 1) / ((double) n * (n + 1));
      }
      return values;
    }

    LowRankPlan run() {
      for (int t = 0; t < outerIterations; t++) {
        step();
      }
      double[] w = diagonal(q, costTimes(r, cloud.y(), cloud.x()));
      double linear = 0;
      for (int k = 0; k < rank; k++) {
        linear += w[k] / g[k];
      }
      LowRankPlan result = new LowRankPlan(q, r, g, linear, outerIterations, converged, 0);
      double[] plan = result.plan();
      int n = a.length;
      int m = b.length;
      double error =
          Marginals.distance(Marginals.rows(plan, n, m), a)
              + Marginals.distance(Marginals.columns(plan, n, m), b);
      return new LowRankPlan(q, r, g, linear, outerIterations, converged, error);
    }

    private void step() {
      double[] cr = costTimes(r, cloud.y(), cloud.x());
      double[] cq = costTimes(q, cloud.x(), cloud.y());
      double[] w = diagonal(q, cr);
      double largest = Math.max(largest(cr, q), largest(cq, r));
      for (int k = 0; k < rank; k++) {
        largest = Math.max(largest, square(w[k] / (g[k] * g[k])));
      }
      double gamma = START_STEP / largest;
      double[] e1 = kernel(cr, q, gamma);
      double[] e2 = kernel(cq, r, gamma);
      double[] e3 = new double[rank];
      for (int k = 0; k < rank; k++) {
        e3[k] = Math.exp(gamma * w[k] / (g[k] * g[k]) - (gamma * reg - 1) * Math.log(g[k]));
      }
      project(e1, e2, e3);
    }

    /**
     * The costs times a factor: sum_j (|x_i|^2 + |y_j|^2 - 2 x_i'y_j) factor_jk, for the points x
     * of the result and y of the factor.
     */
    private double[] costTimes(double[] factor, double[] from, double[] to) {
      int d = cloud.dimension();
      int m = from.length / d;
      int n = to.length / d;
      double[] sums = new double[rank];
      double[] squares = new double[rank];
      double[] moments = new double[d * rank];
      for (int j = 0; j < m; j++) {
        double norm = norm(from, j * d, d);
        for (int k = 0; k < rank; k++) {
          double v = factor[j * rank + k];
          sums[k] += v;
          squares[k] += norm * v;
          for (int l = 0; l < d; l++) {
            moments[l * rank + k] += from[j * d + l] * v;
          }
        }
      }
      double[] product = new double[n * rank];
      for (int i = 0; i < n; i++) {
        double norm = norm(to, i * d, d);
        for (int k = 0; k < rank; k++) {
          double value = norm * sums[k] + squares[k];
          for (int l = 0; l < d; l++) {
            value -= 2 * to[i * d + l] * moments[l * rank + k];
          }
          product[i * rank + k] = value;
        }
      }
      return product;
    }

    private static double norm(double[] points, int from, int d) {
      double sum = 0;
      for (int l = 0; l < d; l++) {
        sum += points[from + l] * points[from + l];
      }
      return sum;
    }

    private double[] diagonal(double[] factor, double[] product) {
      double[] diagonal = new double[rank];
      for (int i = 0; i < factor.length; i++) {
        diagonal[i % rank] += factor[i] * product[i];
      }
      return diagonal;
    }

    private double largest(double[] product, double[] factor) {
      double largest = 0;
      for (int i = 0; i < factor.length; i++) {
        double entry = product[i] / g[i % rank] + reg * Math.log(factor[i]);
        largest = Math.max(largest, square(entry));
      }
      return largest;
    }

    private static double square(double value) {
      return value * value;
    }

    private double[] kernel(double[] product, double[] factor, double gamma) {
      double[] kernel = new double[factor.length];
      for (int i = 0; i < factor.length; i++) {
        double log = Math.log(factor[i]);
        kernel[i] = Math.exp(-gamma * product[i] / g[i % rank] - (gamma * reg - 1) * log);
      }
      return kernel;
    }

    /** Dykstra's projection; sets q, r and g. */
    private void project(double[] e1, double[] e2, double[] e3) {
      double[] last = e3;
      double[] q1 = ones();
      double[] q2 = ones();
      double[] q31 = ones();
      double[] q32 = ones();
      double[] v1 = ones();
      double[] v2 = ones();
      double[] u1 = a;
      double[] u2 = b;
      double error = Double.POSITIVE_INFINITY;
      for (int t = 0; t < dykstraMaxIterations && !(error <= dykstraTolerance); t++) {
        u1 = quotient(a, times(e1, v1));
        u2 = quotient(b, times(e2, v2));
        double[] sums1 = transposedTimes(e1, u1);
        double[] sums2 = transposedTimes(e2, u2);
        double[] next = new double[rank];
        for (int k = 0; k < rank; k++) {
          double bounded = Math.max(alpha, last[k] * q31[k]);
          q31[k] = last[k] * q31[k] / bounded;
          double p1 = v1[k] * q1[k] * sums1[k];
          double p2 = v2[k] * q2[k] * sums2[k];
          next[k] = Math.cbrt(bounded * q32[k] * p1 * p2);
          double n1 = next[k] / sums1[k];
          double n2 = next[k] / sums2[k];
          q1[k] = v1[k] * q1[k] / n1;
          q2[k] = v2[k] * q2[k] / n2;
          q32[k] = bounded * q32[k] / next[k];
          v1[k] = n1;
          v2[k] = n2;
        }
        last = next;
        error = error(e1, u1, v1, a) + error(e2, u2, v2, b);
      }
      converged = error <= dykstraTolerance;
      q = scaled(e1, u1, v1);
      r = scaled(e2, u2, v2);
      for (int k = 0; k < rank; k++) {
        g[k] = last[k] + FLOOR;
      }
    }

    private double[] ones() {
      double[] ones = new double[rank];
      Arrays.fill(ones, 1);
      return ones;
    }

    private static double[] quotient(double[] p, double[] q) {
      double[] quotient = new double[p.length];
      for (int i = 0; i < p.length; i++) {
        quotient[i] = p[i] / q[i];
      }
      return quotient;
    }

    private double[] times(double[] matrix, double[] v) {
      double[] product = new double[matrix.length / rank];
      for (int i = 0; i < matrix.length; i++) {
        product[i / rank] += matrix[i] * v[i % rank];
      }
      return product;
    }

    private double[] transposedTimes(double[] matrix, double[] u) {
      double[] product = new double[rank];
      for (int i = 0; i < matrix.length; i++) {
        product[i % rank] += matrix[i] * u[i / rank];
      }
      return product;
    }

    private double error(double[] matrix, double[] u, double[] v, double[] weights) {
      double[] sums = times(matrix, v);
      double error = 0;
      for (int i = 0; i < sums.length; i++) {
        error += Math.abs(u[i] * sums[i] - weights[i]);
      }
      return error;
    }

    private double[] scaled(double[] matrix, double[] u, double[] v) {
      double[] scaled = new double[matrix.length];
      for (int i = 0; i < matrix.length; i++) {
        scaled[i] = u[i / rank] * matrix[i] * v[i % rank] + FLOOR;
      }
      return scaled;
    }
  }
}
