package org.dl4jplus.ot.solver;

import lombok.Builder;
import lombok.extern.slf4j.Slf4j;

/**
 * Transport with entropy: some Sinkhorn iterations, then Newton's method with a Hessian of the
 * plan's largest entries. For small epsilon, where Sinkhorn's iteration crawls.
 *
 * <pre>{@code
 * max F = a'f + b'g - epsilon sum P,   P_ij = a_i b_j exp((f_i + g_j - C_ij)/epsilon)
 * gradient = [a - P1; b - P'1]
 * -Hessian ~ [diag(P1)  S; S'  diag(P'1)]/epsilon,  S = the ceil(sparsity*n*m) largest entries of P
 * }</pre>
 *
 * <p>The Newton system is solved by conjugate gradients with the diagonal as preconditioner, until
 * the residual is below 1e-13 or 1e-3 of the gradient, or after 4(n+m) products; the step is halved
 * until F rises by 1e-4 of what its slope promises, or, where that is below the rounding of F,
 * until the error falls. Without such a step after 40 halvings ten Sinkhorn iterations come in
 * between. {@code marginalError} is the L1 norm of the gradient; {@code iterations} counts
 * Sinkhorn's and Newton's.
 *
 * <p>Fields: {@code epsilon} above 0 (default {@link Geometry#defaultEpsilon()}; the paper's eta is
 * 1/epsilon); {@code sinkhornIterations} at least 1 (20; use 50 or more below 0.002 of the costs'
 * range); {@code sparsity} in (0, 1]; {@code maxNewtonIterations} at least 1 (100); {@code
 * tolerance} at least 0 (1e-9). A fixed sparsity that is too small stalls: without one it starts at
 * 2/n (4/n for n up to 256 sources) and doubles after each step that leaves more than half of the
 * error. A solver keeps no state.
 *
 * <p>X. Tang, M. Shavlovsky, H. Rahmanian, E. Tardini, K. K. Thekumparampil, T. Xiao, L. Ying:
 * "Accelerating Sinkhorn Algorithm with Sparse Newton Iterations", arXiv 2401.12253 (2024).
 */
@Slf4j
public final class SinkhornNewtonSparse implements TransportSolver {

  private static final int HALVINGS = 40;
  private static final int RESCUE = 10;
  private static final double SLOPE = 1e-4;
  private static final double RESIDUAL = 1e-13;
  private static final double FORCING = 1e-3;
  private static final double ROUNDING = 1e-13;

  /** A step that leaves more of the error than this asks for a better Hessian. */
  private static final double SLOW = 0.5;

  /** Above it an exponential may overflow, or the sum of many. */
  private static final double EXPONENT = 700;

  private final Double epsilon;
  private final int sinkhornIterations;
  private final Double sparsity;
  private final int maxNewtonIterations;
  private final double tolerance;

  @Builder
  private SinkhornNewtonSparse(
      Double epsilon,
      Integer sinkhornIterations,
      Double sparsity,
      Integer maxNewtonIterations,
      Double tolerance) {
    this.epsilon = epsilon == null ? null : (Double) Arguments.positive("epsilon", epsilon, 1);
    this.sinkhornIterations = Arguments.count("sinkhornIterations", sinkhornIterations, 20);
    if (sparsity != null) {
      Arguments.check(sparsity > 0 && sparsity <= 1, "sparsity", sparsity, "in (0, 1]");
    }
    this.sparsity = sparsity;
    this.maxNewtonIterations = Arguments.count("maxNewtonIterations", maxNewtonIterations, 100);
    this.tolerance = Arguments.nonNegative("tolerance", tolerance, 1e-9);
  }

  @Override
  public TransportResult solve(TransportProblem problem) {
    return solve(problem, null);
  }

  /**
   * Solves a problem from given potentials.
   *
   * @param problem costs and weights
   * @param start potentials f of the n sources, finite, or null for Sinkhorn's start
   * @return the plan and what is known about it
   * @throws IllegalArgumentException for masses that do not balance, or bad potentials
   */
  public TransportResult solve(TransportProblem problem, double[] start) {
    problem.requireBalanced();
    double weight = epsilon == null ? problem.geometry().defaultEpsilon() : epsilon;
    TransportResult first = sinkhorn(problem, weight, sinkhornIterations, start);
    Point point = new Point(problem, weight, first.f(), first.g());
    Hessian hessian = new Hessian(problem);
    int all = point.plan.length;
    int entries = entries(problem);
    int iterations = first.iterations();
    for (int k = 0; k < maxNewtonIterations && !(point.error <= tolerance); k++) {
      Point next = step(point, hessian.direction(point, entries));
      iterations++;
      if (next == null) {
        TransportResult rescue = sinkhorn(problem, weight, RESCUE, point.f);
        iterations += rescue.iterations();
        next = new Point(problem, weight, rescue.f(), rescue.g());
      }
      if (sparsity == null && next.error > SLOW * point.error) {
        entries = entries > all / 2 ? all : 2 * entries;
      }
      point = next;
    }
    boolean converged = point.error <= tolerance;
    if (!converged) {
      log.warn(
          "Sinkhorn-Newton-Sparse: marginal error {} after {} iterations, tolerance {}",
          point.error,
          iterations,
          tolerance);
    }
    Sinkhorn.balance(problem, point.f, point.g);
    return TransportResult.entropic(
        problem, weight, point.plan, point.f, point.g, iterations, converged, point.error);
  }

  private TransportResult sinkhorn(
      TransportProblem problem, double weight, int iterations, double[] start) {
    return Sinkhorn.builder()
        .epsilon(weight)
        .maxIterations(iterations)
        .tolerance(tolerance)
        .build()
        .quiet(problem, start);
  }

  private int entries(TransportProblem problem) {
    int n = problem.rows();
    double part = sparsity == null ? (n <= 256 ? 4.0 : 2.0) / n : sparsity;
    return (int)
        Math.min((long) n * problem.columns(), (long) Math.ceil(part * n * problem.columns()));
  }

  /** The point that a direction leads to, or null where no step along it helps. */
  private static Point step(Point point, double[] direction) {
    int n = point.f.length;
    double slope = 0;
    for (int i = 0; i < direction.length; i++) {
      slope += direction[i] * point.gradient[i];
    }
    double t = 1;
    for (int halving = 0; halving <= HALVINGS; halving++, t /= 2) {
      double[] f = point.f.clone();
      double[] g = point.g.clone();
      for (int i = 0; i < n; i++) {
        f[i] += t * direction[i];
      }
      for (int j = 0; j < g.length; j++) {
        g[j] += t * direction[n + j];
      }
      Point next = new Point(point.problem, point.epsilon, f, g);
      boolean rises = next.value >= point.value + SLOPE * t * slope;
      boolean unseen = t * slope <= ROUNDING * (1 + Math.abs(point.value));
      if (unseen ? next.error < point.error : rises) {
        return next;
      }
    }
    return null;
  }

  /** Potentials with all that follows from them. */
  private static final class Point {
    private final TransportProblem problem;
    private final double epsilon;
    private final double[] f;
    private final double[] g;
    private final double[] plan;
    private final double[] sums;
    private final double[] gradient;
    private final double value;
    private final double error;

    Point(TransportProblem problem, double epsilon, double[] f, double[] g) {
      this.problem = problem;
      this.epsilon = epsilon;
      this.f = f;
      this.g = g;
      double[] a = problem.sharedA();
      double[] b = problem.sharedB();
      int n = a.length;
      int m = b.length;
      plan = new double[n * m];
      sums = new double[n + m];
      gradient = new double[n + m];
      double mass = fill();
      double norm = 0;
      for (int k = 0; k < n + m; k++) {
        gradient[k] = (k < n ? a[k] : b[k - n]) - sums[k];
        norm += Math.abs(gradient[k]);
      }
      error = norm;
      // Minus infinity where an exponential would overflow: the step is refused.
      value = Marginals.dot(a, f) + Marginals.dot(b, g) - epsilon * mass;
    }

    /** Fills plan and sums; returns the mass. */
    private double fill() {
      double[] costs = problem.geometry().costs();
      int n = f.length;
      int m = g.length;
      double[] base = base(problem.sharedB(), g);
      double[] rowBase = base(problem.sharedA(), f);
      double mass = 0;
      for (int i = 0; i < n; i++) {
        double row = 0;
        for (int j = 0; j < m; j++) {
          double exponent = rowBase[i] + base[j] - costs[i * m + j] / epsilon;
          if (exponent > EXPONENT) {
            return Double.POSITIVE_INFINITY;
          }
          if (exponent > -EXPONENT) {
            double p = Math.exp(exponent);
            plan[i * m + j] = p;
            row += p;
            sums[n + j] += p;
          }
        }
        sums[i] = row;
        mass += row;
      }
      return mass;
    }

    private double[] base(double[] weights, double[] potential) {
      double[] base = new double[weights.length];
      for (int k = 0; k < base.length; k++) {
        base[k] = Math.log(weights[k]) + potential[k] / epsilon;
      }
      return base;
    }
  }

  /** The sparse system, row after row. */
  private static final class Hessian {
    private final int n;
    private final int m;
    private final int[] starts;
    private int[] columns;
    private double[] values;

    Hessian(TransportProblem problem) {
      n = problem.rows();
      m = problem.columns();
      starts = new int[n + 1];
    }

    double[] direction(Point point, int entries) {
      keepLargest(point.plan, entries);
      double[] direction = solve(point.sums, point.gradient);
      for (int k = 0; k < direction.length; k++) {
        direction[k] *= point.epsilon;
      }
      return direction;
    }

    private void keepLargest(double[] plan, int most) {
      if (columns == null || columns.length < most) {
        columns = new int[most];
        values = new double[most];
      }
      double least = most == plan.length ? 0 : largest(plan, most);
      int equal = most;
      for (double p : plan) {
        equal -= p > least ? 1 : 0;
      }
      int count = 0;
      for (int i = 0; i < n; i++) {
        starts[i] = count;
        for (int j = 0; j < m; j++) {
          double p = plan[i * m + j];
          if (p > least || p == least && p > 0 && equal-- > 0) {
            columns[count] = j;
            values[count++] = p;
          }
        }
      }
      starts[n] = count;
    }

    /** The rank-th largest value. */
    private static double largest(double[] values, int rank) {
      double[] work = values.clone();
      int target = work.length - rank;
      int low = 0;
      int high = work.length - 1;
      while (low < high) {
        double pivot = median(work[low], work[(low + high) >>> 1], work[high]);
        int i = low;
        int j = high;
        while (i <= j) {
          while (work[i] < pivot) {
            i++;
          }
          while (work[j] > pivot) {
            j--;
          }
          if (i <= j) {
            double swap = work[i];
            work[i++] = work[j];
            work[j--] = swap;
          }
        }
        if (target <= j) {
          high = j;
        } else if (target >= i) {
          low = i;
        } else {
          return work[target];
        }
      }
      return work[target];
    }

    private static double median(double p, double q, double r) {
      return Math.max(Math.min(p, q), Math.min(Math.max(p, q), r));
    }

    /** Conjugate gradients on [diag(P1) S; S' diag(P'1)] x = right. */
    private double[] solve(double[] diagonal, double[] right) {
      int size = n + m;
      double[] x = new double[size];
      double[] r = right.clone();
      double[] z = new double[size];
      double[] image = new double[size];
      double enough = Math.max(RESIDUAL, FORCING * Math.sqrt(Marginals.dot(right, right)));
      precondition(diagonal, r, z);
      double[] p = z.clone();
      double rz = Marginals.dot(r, z);
      for (int k = 0; k < 4 * size && Math.sqrt(Marginals.dot(r, r)) >= enough; k++) {
        multiply(diagonal, p, image);
        double curvature = Marginals.dot(p, image);
        if (!(curvature > 0)) {
          break;
        }
        double t = rz / curvature;
        for (int i = 0; i < size; i++) {
          x[i] += t * p[i];
          r[i] -= t * image[i];
        }
        precondition(diagonal, r, z);
        double next = Marginals.dot(r, z);
        double beta = next / rz;
        rz = next;
        for (int i = 0; i < size; i++) {
          p[i] = z[i] + beta * p[i];
        }
      }
      return x;
    }

    /** Rows and columns without mass stay where they are. */
    private static void precondition(double[] diagonal, double[] r, double[] out) {
      for (int i = 0; i < r.length; i++) {
        out[i] = diagonal[i] > 0 ? r[i] / diagonal[i] : 0;
      }
    }

    private void multiply(double[] diagonal, double[] p, double[] out) {
      for (int i = 0; i < p.length; i++) {
        out[i] = diagonal[i] * p[i];
      }
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = starts[i]; k < starts[i + 1]; k++) {
          sum += values[k] * p[n + columns[k]];
          out[n + columns[k]] += values[k] * p[i];
        }
        out[i] += sum;
      }
    }
  }
}
