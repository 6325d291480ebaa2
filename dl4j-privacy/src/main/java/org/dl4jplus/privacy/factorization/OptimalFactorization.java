package org.dl4jplus.privacy.factorization;

import java.util.Arrays;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.linalg.SymmetricEigen;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The factorisations with the least errors: {@code X = C^T C} minimises {@code tr(S X^-1), S = A^T
 * A} among the matrices of one sensitivity, and C is X's lower triangular factor.
 *
 * <pre>{@code
 * single:      X_ii <= 1:  v <- v diag(X(v)),  X(U) = A^T (A diag(U) A^T)^(-1/2) A
 * banded:      X_ii = 1, X_ij = 0 for |i-j| >= bands:  L-BFGS on the other entries, gradient -X^-1 S X^-1
 * multiEpoch:  X_ij = 0 where i-j is a multiple of b, SUM_(i in class of i mod b) X_ii = 1:
 *              maximise 2 tr((A U A^T)^(1/2)) - SUM_s e^(v_s),  U = diag(e^(v_(i mod b))) + W
 * }</pre>
 *
 * <p>X(U) is the solution of {@code X U X = S}, the specification's {@code U^(-1/2) (U^(1/2) S
 * U^(1/2))^(1/2) U^(-1/2)}, by one decomposition instead of two. The searches end early, so a
 * sensitivity comes from {@link Participation#sensitivity} and never from theory.
 *
 * <p>Time: cubic in the steps for each iteration, up to some hundred of them; multiEpoch has about
 * steps * epochs / 2 unknowns.
 *
 * <p>S. Denisov et al.: "Improved Differential Privacy for SGD via Optimal Private Linear Operators
 * on Adaptive Streams", arXiv:2202.08312 (2022); C. A. Choquette-Choo et al., arXiv:2211.06530
 * (2023; multiEpoch is a simpler program than theirs, without entries of either sign at the
 * forbidden places) and arXiv:2306.08153 (2023).
 */
public final class OptimalFactorization {

  private static final int LARGEST = 2048;
  private static final int ITERATIONS = 1000;
  private static final double CHANGE = 1e-10;
  private static final double GRADIENT = 1e-9;

  private OptimalFactorization() {}

  /** Matrices of so many rows are full. */
  static int dense(int steps) {
    return (int)
        Require.check(
            steps <= LARGEST,
            "steps",
            steps,
            "at most " + LARGEST + " for a full matrix: above, use bands or the Fourier transform");
  }

  /**
   * The best for records that take part once.
   *
   * @param workload at most 2048 steps
   * @return with full rows
   * @throws IllegalArgumentException for more steps
   */
  public static TriangularFactorization single(Workload workload) {
    int n = dense(workload.steps());
    INDArray a = matrix(workload);
    double[] v = new double[n];
    Arrays.fill(v, 1);
    double[][] x = solve(a, Nd4j.diag(Nd4j.createFromArray(v))).x();
    double change = 1;
    for (int k = 0; k < ITERATIONS && change > CHANGE; k++) {
      change = 0;
      for (int i = 0; i < n; i++) {
        // The start is diag(S^(1/2)) itself.
        change = Math.max(change, Math.abs(x[i][i] - 1));
        v[i] *= x[i][i];
      }
      x = solve(a, Nd4j.diag(Nd4j.createFromArray(v))).x();
    }
    return TriangularFactorization.ofGram(x);
  }

  /**
   * The best with bands, for records whose steps lie at least that far apart; with as many bands as
   * steps the best for one participation.
   *
   * @param workload at most 2048 steps
   * @param bands at least 1
   * @return with rows of as many entries at most
   * @throws IllegalArgumentException for values out of range
   */
  public static TriangularFactorization banded(Workload workload, int bands) {
    int n = dense(workload.steps());
    int kept = Math.min(Require.atLeast("bands", bands, 1, 1), n);
    Workload scaled = workload.normalized();
    // The entries X_(i,i-l), l = 1..kept-1, row by row; those left of the first column stay 0.
    double[] free =
        Lbfgs.minimize(
            (x, gradient) -> bandedError(scaled, kept, x, gradient),
            new double[n * (kept - 1)],
            GRADIENT * n);
    double[][] x = new double[n][n];
    for (int i = 0; i < n; i++) {
      x[i][i] = 1;
      for (int l = 1; l < kept && l <= i; l++) {
        x[i][i - l] = free[i * (kept - 1) + l - 1];
      }
    }
    return TriangularFactorization.ofGram(x);
  }

  /** With X = L L^T and a row a of A: a X^-1 a^T, and the gradient -(X^-1 a^T)(a X^-1). */
  private static double bandedError(Workload workload, int bands, double[] x, double[] gradient) {
    int n = workload.steps();
    double[][] factor = new double[n][bands];
    for (int i = 0; i < n; i++) {
      for (int l = Math.min(i, bands - 1); l >= 0; l--) {
        double sum = l == 0 ? 1 : x[i * (bands - 1) + l - 1];
        for (int m = l + 1; m < bands && m <= i; m++) {
          sum -= factor[i][m] * factor[i - l][m - l];
        }
        factor[i][l] = l == 0 ? Math.sqrt(sum) : sum / factor[i - l][0];
      }
      if (!(factor[i][0] > 0)) {
        return Double.POSITIVE_INFINITY;
      }
    }
    Arrays.fill(gradient, 0);
    double error = 0;
    for (int t = 0; t < n; t++) {
      double[] y = Arrays.copyOf(workload.row(t), n);
      for (int i = 0; i < n; i++) {
        for (int l = 1; l < bands && l <= i; l++) {
          y[i] -= factor[i][l] * y[i - l];
        }
        y[i] /= factor[i][0];
        error += y[i] * y[i];
      }
      for (int i = n - 1; i >= 0; i--) {
        y[i] /= factor[i][0];
        for (int l = 1; l < bands && l <= i; l++) {
          y[i - l] -= factor[i][l] * y[i];
        }
      }
      for (int i = 0; i < n; i++) {
        for (int l = 1; l < bands && l <= i; l++) {
          gradient[i * (bands - 1) + l - 1] -= 2 * y[i] * y[i - l];
        }
      }
    }
    return error;
  }

  /**
   * The best for fixed batches that are repeated in every epoch.
   *
   * @param workload at most 2048 steps
   * @param stepsPerEpoch the gap between two participations, at least 1
   * @return with full rows; forbidden entries are 0 and the sensitivity 1, up to rounding, unless
   *     the search ended too early for that
   * @throws IllegalArgumentException for values out of range
   */
  public static TriangularFactorization multiEpoch(Workload workload, int stepsPerEpoch) {
    int n = dense(workload.steps());
    int b = Math.min(Require.atLeast("stepsPerEpoch", stepsPerEpoch, 1, 1), n);
    INDArray a = matrix(workload);
    double[] start = new double[b + pairs(n, b)];
    double[][] root = solve(a, Nd4j.eye(n).castTo(DataType.DOUBLE)).x();
    for (int s = 0; s < b; s++) {
      // For U = u I the class sums are those of S^(1/2) over the root of u.
      start[s] = 2 * Math.log(classSum(root, s, b));
    }
    double[] dual =
        Lbfgs.minimize((x, gradient) -> dualLoss(a, b, x, gradient), start, GRADIENT * n);
    double[][] x = solve(a, multipliers(n, b, dual)).x();
    return feasible(x, b);
  }

  /**
   * X with zeros where it should have them and class sums of at most 1, if it is still positive.
   */
  private static TriangularFactorization feasible(double[][] x, int b) {
    int n = x.length;
    double largest = 0;
    for (int s = 0; s < b; s++) {
      largest = Math.max(largest, classSum(x, s, b));
    }
    double[][] exact = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        exact[i][j] = i != j && (i - j) % b == 0 ? 0 : x[i][j] / largest;
      }
    }
    double[][] trial = new double[n][];
    Arrays.setAll(trial, i -> exact[i].clone());
    return TriangularFactorization.ofGram(new Cholesky(trial).positive() ? exact : x);
  }

  private static double classSum(double[][] x, int s, int b) {
    double sum = 0;
    for (int i = s; i < x.length; i += b) {
      sum += x[i][i];
    }
    return sum;
  }

  private static int pairs(int n, int b) {
    int count = 0;
    for (int gap = b; gap < n; gap += b) {
      count += n - gap;
    }
    return count;
  }

  /**
   * U from the logarithms of the diagonal's classes, and the forbidden entries over those of it.
   */
  private static INDArray multipliers(int n, int b, double[] dual) {
    double[][] u = new double[n][n];
    int next = b;
    for (int i = 0; i < n; i++) {
      u[i][i] = Math.exp(dual[i % b]);
      for (int j = i - b; j >= 0; j -= b) {
        u[i][j] = u[i][i] * dual[next++];
        u[j][i] = u[i][j];
      }
    }
    return Nd4j.createFromArray(u);
  }

  private static double dualLoss(INDArray a, int b, double[] dual, double[] gradient) {
    int n = a.rows();
    Solution solution = solve(a, multipliers(n, b, dual));
    if (solution == null) {
      return Double.POSITIVE_INFINITY;
    }
    double[][] x = solution.x();
    double loss = -2 * solution.rootTrace();
    for (int s = 0; s < b; s++) {
      double u = Math.exp(dual[s]);
      loss += u;
      gradient[s] = u * (1 - classSum(x, s, b));
    }
    int next = b;
    for (int i = 0; i < n; i++) {
      for (int j = i - b; j >= 0; j -= b) {
        double change = -2 * Math.exp(dual[i % b]) * x[i][j];
        gradient[i % b] += change * dual[next];
        gradient[next++] = change;
      }
    }
    return loss;
  }

  private record Solution(double[][] x, double rootTrace) {}

  /** X(U), and tr((A U A^T)^(1/2)); null where U is not positive definite. */
  private static Solution solve(INDArray a, INDArray u) {
    INDArray vectors = a.mmul(u).mmul(a.transpose()).dup('f');
    double[] values = SymmetricEigen.decompose(vectors);
    if (!(values[0] > 0)) {
      return null;
    }
    double trace = 0;
    for (double value : values) {
      trace += Math.sqrt(value);
    }
    INDArray turned = vectors.transpose().mmul(a);
    INDArray fourth = Transforms.pow(Nd4j.createFromArray(values), -0.25);
    INDArray scaled = Nd4j.diag(fourth).mmul(turned);
    return new Solution(scaled.transpose().mmul(scaled).toDoubleMatrix(), trace);
  }

  private static INDArray matrix(Workload workload) {
    int n = workload.steps();
    double[][] a = new double[n][];
    Workload scaled = workload.normalized();
    Arrays.setAll(a, t -> Arrays.copyOf(scaled.row(t), n));
    return Nd4j.createFromArray(a);
  }
}
