package org.dl4jplus.ot.solver;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lombok.Builder;
import lombok.extern.slf4j.Slf4j;

/**
 * Transport with entropy, by Sinkhorn's iteration in the log domain.
 *
 * <pre>{@code
 * min <P,C> + epsilon KL(P|ab) + rhoA KL(P1|a) + rhoB KL(P'1|b),   KL(p|q) = sum p log(p/q) - p + q
 *
 * g_j <- -tauB epsilon log sum_i a_i exp((f_i - C_ij)/epsilon)       tau = rho/(rho + epsilon)
 * f_i <- -tauA epsilon log sum_j b_j exp((g_j - C_ij)/epsilon)
 * P_ij = a_i b_j exp((f_i + g_j - C_ij)/epsilon)
 * }</pre>
 *
 * <p>An infinite rho, the default, makes a marginal exact. With both infinite the sums of a and b
 * must be equal, the first iteration starts at f = -epsilon log a (potentials of the plain scaling
 * at 0), and the result's potentials are shifted so that the sum of a*f is that of b*g. After an
 * iteration the rows fit; it stops when the columns do:
 *
 * <pre>{@code
 * marginalError = sum_j |(P'1)_j - b_j exp(-g_j/rhoB)| <= tolerance
 * }</pre>
 *
 * <p>Where a plan comes close to a permutation (small epsilon) the error falls like 1/iterations
 * only: {@link SinkhornNewtonSparse} is for that. Without convergence one warning is logged and the
 * result says so.
 *
 * <p>Fields: {@code epsilon} above 0 (default {@link Geometry#defaultEpsilon()}); {@code
 * maxIterations} at least 1 (2000); {@code tolerance} at least 0 (1e-3); {@code innerIterations},
 * iterations from one look at the error to the next, at least 1 (10); {@code rho} above 0 for both
 * marginals, {@code rhoA}, {@code rhoB} for one (infinity); {@code gradient} of the plan ({@link
 * Gradient#IMPLICIT}). A solver keeps no state and may be shared by threads.
 *
 * <p>The iteration takes exponentials of all entries only where potentials have moved far; between
 * such moments it scales a kernel that is centred at recent potentials. That changes rounding only.
 *
 * <p>M. Cuturi: "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", arXiv 1306.0895
 * (2013). L. Chizat, G. Peyre, B. Schmitzer, F.-X. Vialard: "Scaling Algorithms for Unbalanced
 * Transport Problems", arXiv 1607.05816 (2016).
 */
@Slf4j
public final class Sinkhorn implements TransportSolver {

  /** How a gradient of the plan is found. */
  public enum Gradient {
    /** From the conditions that the converged plan meets: one linear system. */
    IMPLICIT,
    /** Back through every iteration from the default start. */
    UNROLLED
  }

  private final Double epsilon;
  private final int maxIterations;
  private final double tolerance;
  private final int innerIterations;
  private final double rhoA;
  private final double rhoB;
  private final Gradient gradient;

  @Builder
  private Sinkhorn(
      Double epsilon,
      Integer maxIterations,
      Double tolerance,
      Integer innerIterations,
      Double rho,
      Double rhoA,
      Double rhoB,
      Gradient gradient) {
    this.epsilon = epsilon == null ? null : (Double) Arguments.positive("epsilon", epsilon, 1);
    this.maxIterations = Arguments.count("maxIterations", maxIterations, 2000);
    this.tolerance = Arguments.nonNegative("tolerance", tolerance, 1e-3);
    this.innerIterations = Arguments.count("innerIterations", innerIterations, 10);
    double both = Arguments.penalty("rho", rho);
    this.rhoA = rhoA == null ? both : Arguments.penalty("rhoA", rhoA);
    this.rhoB = rhoB == null ? both : Arguments.penalty("rhoB", rhoB);
    this.gradient = gradient == null ? Gradient.IMPLICIT : gradient;
  }

  /** Called with the newest potentials after each half of an iteration. */
  private interface Recorder {
    void record(double[] f, double[] g);
  }

  @Override
  public TransportResult solve(TransportProblem problem) {
    return solve(problem, (double[]) null);
  }

  /**
   * Solves a problem from another's potentials.
   *
   * @param problem costs and weights
   * @param start where to start: the result of a similar problem with as many sources
   * @return the plan and what is known about it
   * @throws IllegalArgumentException for masses that do not balance, or another number of sources
   */
  public TransportResult solve(TransportProblem problem, TransportResult start) {
    return solve(problem, start.f());
  }

  /**
   * Solves a problem from given potentials.
   *
   * @param problem costs and weights
   * @param start potentials f of the n sources, finite, or null for the default start
   * @return the plan and what is known about it
   * @throws IllegalArgumentException for masses that do not balance, or bad potentials
   */
  public TransportResult solve(TransportProblem problem, double[] start) {
    TransportResult result = quiet(problem, start);
    if (!result.converged()) {
      log.warn(
          "Sinkhorn: marginal error {} after {} iterations, tolerance {}",
          result.marginalError(),
          result.iterations(),
          tolerance);
    }
    return result;
  }

  /** Solves without a warning. */
  TransportResult quiet(TransportProblem problem, double[] start) {
    requireMass(problem);
    double weight = epsilon(problem);
    double[] f = start(problem, weight, start);
    double[] g = new double[problem.columns()];
    Outcome outcome = iterate(problem, weight, f, g, maxIterations, (p, q) -> {});
    if (balanced()) {
      balance(problem, f, g);
    }
    TransportResult result =
        TransportResult.entropic(
            problem,
            weight,
            ScaledKernel.plan(problem, weight, f, g),
            f,
            g,
            outcome.iterations(),
            outcome.converged(),
            outcome.error());
    return result.penalized(
        penalty(rhoA, result.rowSums(), problem.sharedA())
            + penalty(rhoB, result.columnSums(), problem.sharedB()));
  }

  /** rho KL(sums|weights); an exact marginal costs nothing. */
  static double penalty(double rho, double[] sums, double[] weights) {
    if (Double.isInfinite(rho)) {
      return 0;
    }
    double divergence = 0;
    for (int i = 0; i < sums.length; i++) {
      divergence += sums[i] > 0 ? sums[i] * Math.log(sums[i] / weights[i]) : 0;
      divergence += weights[i] - sums[i];
    }
    return rho * divergence;
  }

  private boolean balanced() {
    return Double.isInfinite(rhoA) && Double.isInfinite(rhoB);
  }

  private void requireMass(TransportProblem problem) {
    if (balanced()) {
      problem.requireBalanced();
    }
  }

  private double epsilon(TransportProblem problem) {
    return epsilon == null ? problem.geometry().defaultEpsilon() : epsilon;
  }

  private double[] start(TransportProblem problem, double weight, double[] start) {
    if (start != null) {
      return Arguments.finite("start", start, problem.rows()).clone();
    }
    double[] f = new double[problem.rows()];
    double[] a = problem.sharedA();
    if (balanced()) {
      for (int i = 0; i < f.length; i++) {
        f[i] = a[i] > 0 ? -weight * Math.log(a[i]) : 0;
      }
    }
    return f;
  }

  /** Shifts the potentials so that the sum of a*f is that of b*g. */
  static void balance(TransportProblem problem, double[] f, double[] g) {
    double[] a = problem.sharedA();
    double[] b = problem.sharedB();
    double shift =
        (Marginals.dot(b, g) - Marginals.dot(a, f)) / (Marginals.sum(a) + Marginals.sum(b));
    for (int i = 0; i < f.length; i++) {
      f[i] += shift;
    }
    for (int j = 0; j < g.length; j++) {
      g[j] -= shift;
    }
  }

  private record Outcome(int iterations, boolean converged, double error) {}

  private Outcome iterate(
      TransportProblem problem,
      double weight,
      double[] f,
      double[] g,
      int most,
      Recorder recorder) {
    ScaledKernel kernel = new ScaledKernel(problem, weight);
    double[] rows = new double[f.length];
    double[] columns = new double[g.length];
    double stepA = -weight * tau(rhoA, weight);
    double stepB = -weight * tau(rhoB, weight);
    for (int k = 1; ; k++) {
      kernel.columns(f, columns);
      for (int j = 0; j < g.length; j++) {
        g[j] = stepB * columns[j];
      }
      recorder.record(f, g);
      kernel.rows(g, rows);
      for (int i = 0; i < f.length; i++) {
        f[i] = stepA * rows[i];
      }
      recorder.record(f, g);
      kernel.follow(f, g);
      if (k % innerIterations == 0 || k == most) {
        kernel.columns(f, columns);
        double error = error(problem.sharedB(), g, columns, weight, rhoB);
        if (error <= tolerance || k == most) {
          return new Outcome(k, error <= tolerance, error);
        }
      }
    }
  }

  static double tau(double rho, double epsilon) {
    return Double.isInfinite(rho) ? 1 : rho / (rho + epsilon);
  }

  /** The L1 distance of sums from what their potentials ask for. */
  static double error(
      double[] weights, double[] potential, double[] logs, double epsilon, double rho) {
    double error = 0;
    for (int j = 0; j < weights.length; j++) {
      if (weights[j] > 0) {
        double sum = Math.exp(potential[j] / epsilon + logs[j]);
        error += weights[j] * Math.abs(sum - Math.exp(-potential[j] / rho));
      }
    }
    return error;
  }

  /**
   * The vector-Jacobian product of the plan: the gradient of the sum of V*P with respect to costs
   * and weights.
   *
   * <pre>{@code
   * M = V*P, r = M1, c = M'1
   * [diag(P1)(1+epsilon/rhoA)  P; P'  diag(P'1)(1+epsilon/rhoB)] [s; t] = [r; c]
   * dL/dC_ij = -(M_ij - (s_i + t_j) P_ij)/epsilon
   * dL/da_i = (r_i - (Pt)_i)/a_i,   dL/db_j = (c_j - (P's)_j)/b_j
   * }</pre>
   *
   * <p>Without rho dL/da = s and dL/db = t, and a constant may go from one to the other: mass must
   * stay in balance. The implicit gradient belongs to the converged plan; with {@link
   * Gradient#UNROLLED} it is that of exactly the result's number of iterations from the default
   * start (which a result from a warm start has not taken). The problem's epsilon is a constant.
   *
   * @param result what this solver returned
   * @param upstream V, n*m finite values
   * @return the gradients; 0 for the weights that are 0
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  public PlanGradient planGradient(TransportResult result, double[] upstream) {
    Arguments.finite("upstream", upstream, result.plan().length);
    return gradient == Gradient.IMPLICIT
        ? PlanGradient.implicit(
            result, upstream, 1 + result.epsilon() / rhoA, 1 + result.epsilon() / rhoB)
        : unrolled(result, upstream);
  }

  private PlanGradient unrolled(TransportResult result, double[] upstream) {
    TransportProblem problem = result.problem();
    double weight = result.epsilon();
    double[] f = start(problem, weight, null);
    double[] g = new double[problem.columns()];
    List<double[]> fs = new ArrayList<>(List.of(f.clone()));
    List<double[]> gs = new ArrayList<>();
    boolean[] columns = {true};
    iterate(
        problem,
        weight,
        f,
        g,
        result.iterations(),
        (p, q) -> {
          (columns[0] ? gs : fs).add((columns[0] ? q : p).clone());
          columns[0] = !columns[0];
        });
    Unrolled tape = new Unrolled(problem, weight, tau(rhoA, weight), tau(rhoB, weight));
    tape.plan(ScaledKernel.plan(problem, weight, f, g), upstream);
    // The loop may have stopped before: as many as were recorded.
    for (int k = gs.size() - 1; k >= 0; k--) {
      tape.rows(gs.get(k));
      tape.columns(fs.get(k));
    }
    return tape.finish(balanced());
  }

  /** Back through the iterations, last first. */
  private static final class Unrolled {
    private final TransportProblem problem;
    private final double epsilon;
    private final double tauA;
    private final double tauB;
    private final double[] df;
    private final double[] dg;
    private final double[] dCost;
    private final double[] dLogA;
    private final double[] dLogB;
    private final int n;
    private final int m;

    Unrolled(TransportProblem problem, double epsilon, double tauA, double tauB) {
      this.problem = problem;
      this.epsilon = epsilon;
      this.tauA = tauA;
      this.tauB = tauB;
      n = problem.rows();
      m = problem.columns();
      df = new double[n];
      dg = new double[m];
      dCost = new double[n * m];
      dLogA = new double[n];
      dLogB = new double[m];
    }

    void plan(double[] plan, double[] upstream) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < m; j++) {
          double v = plan[i * m + j] * upstream[i * m + j];
          dCost[i * m + j] = -v / epsilon;
          df[i] += v / epsilon;
          dg[j] += v / epsilon;
          dLogA[i] += v;
          dLogB[j] += v;
        }
      }
    }

    /** f_i = -tauA epsilon lse_j(log b_j + (g_j - C_ij)/epsilon). */
    void rows(double[] g) {
      double[] b = problem.sharedB();
      double[] weights = new double[m];
      for (int i = 0; i < n; i++) {
        softmax(b, g, i * m, 1, weights);
        for (int j = 0; j < m; j++) {
          double v = tauA * df[i] * weights[j];
          dg[j] -= v;
          dCost[i * m + j] += v;
          dLogB[j] -= epsilon * v;
        }
      }
      Arrays.fill(df, 0);
    }

    /** g_j = -tauB epsilon lse_i(log a_i + (f_i - C_ij)/epsilon). */
    void columns(double[] f) {
      double[] a = problem.sharedA();
      double[] weights = new double[n];
      for (int j = 0; j < m; j++) {
        softmax(a, f, j, m, weights);
        for (int i = 0; i < n; i++) {
          double v = tauB * dg[j] * weights[i];
          df[i] -= v;
          dCost[i * m + j] += v;
          dLogA[i] -= epsilon * v;
        }
      }
      Arrays.fill(dg, 0);
    }

    private void softmax(double[] mass, double[] p, int from, int stride, double[] out) {
      double[] costs = problem.geometry().costs();
      double top = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < out.length; k++) {
        out[k] = Math.log(mass[k]) + (p[k] - costs[from + k * stride]) / epsilon;
        top = Math.max(top, out[k]);
      }
      double sum = 0;
      for (int k = 0; k < out.length; k++) {
        out[k] = Math.exp(out[k] - top);
        sum += out[k];
      }
      for (int k = 0; k < out.length; k++) {
        out[k] /= sum;
      }
    }

    PlanGradient finish(boolean startsAtLogs) {
      double[] a = problem.sharedA();
      double[] b = problem.sharedB();
      double[] da = new double[n];
      double[] db = new double[m];
      for (int i = 0; i < n; i++) {
        // The default start of the balanced iteration is -epsilon log a.
        double own = startsAtLogs ? dLogA[i] - epsilon * df[i] : dLogA[i];
        da[i] = a[i] > 0 ? own / a[i] : 0;
      }
      for (int j = 0; j < m; j++) {
        db[j] = b[j] > 0 ? dLogB[j] / b[j] : 0;
      }
      return new PlanGradient(dCost, da, db);
    }
  }
}
