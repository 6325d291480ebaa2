package org.dl4jplus.ot.solver;

/**
 * The gradient of a function of a plan with respect to what the plan was found from.
 *
 * <p>The arrays are the record's own and not copied.
 *
 * @param cost with respect to the n*m costs, row after row
 * @param a with respect to the n weights of the sources
 * @param b with respect to the m weights of the targets
 */
public record PlanGradient(double[] cost, double[] a, double[] b) {

  /** A pivot below this part of its first value is rounding: the direction is free. */
  private static final double FREE = 1e-13;

  /**
   * Solves the linear system of the converged plan.
   *
   * @param rowScale what the row sums are multiplied with on the diagonal
   * @param columnScale what the column sums are multiplied with
   */
  static PlanGradient implicit(
      TransportResult result, double[] upstream, double rowScale, double columnScale) {
    double[] plan = result.plan();
    double[] a = result.problem().sharedA();
    double[] b = result.problem().sharedB();
    int n = a.length;
    int m = b.length;
    double[] product = new double[n * m];
    for (int k = 0; k < product.length; k++) {
      product[k] = plan[k] * upstream[k];
    }
    double[] r = Marginals.rows(product, n, m);
    double[] c = Marginals.columns(product, n, m);
    double[] rows = Marginals.rows(plan, n, m);
    double[] columns = Marginals.columns(plan, n, m);
    double[][] matrix = new double[m][m];
    double[] t = c.clone();
    for (int j = 0; j < m; j++) {
      matrix[j][j] = columns[j] * columnScale;
    }
    for (int i = 0; i < n; i++) {
      if (rows[i] <= 0) {
        continue;
      }
      double inverse = 1 / (rows[i] * rowScale);
      for (int j = 0; j < m; j++) {
        double p = plan[i * m + j] * inverse;
        if (p != 0) {
          t[j] -= p * r[i];
          for (int l = 0; l <= j; l++) {
            matrix[j][l] -= p * plan[i * m + l];
          }
        }
      }
    }
    solve(matrix, t, columns);
    double[] s = new double[n];
    double[] costGradient = new double[n * m];
    for (int i = 0; i < n; i++) {
      double sum = r[i];
      for (int j = 0; j < m; j++) {
        sum -= plan[i * m + j] * t[j];
      }
      s[i] = rows[i] > 0 ? sum / (rows[i] * rowScale) : 0;
      for (int j = 0; j < m; j++) {
        int at = i * m + j;
        costGradient[at] = ((s[i] + t[j]) * plan[at] - product[at]) / result.epsilon();
      }
    }
    return new PlanGradient(
        costGradient, weights(r, plan, t, a, m, 1), weights(c, plan, s, b, 1, m));
  }

  /** (sums - plan * other)/weights, or with the plan's transpose. */
  private static double[] weights(
      double[] sums, double[] plan, double[] other, double[] weights, int stride, int step) {
    double[] gradient = new double[weights.length];
    for (int i = 0; i < gradient.length; i++) {
      if (weights[i] > 0) {
        double rest = sums[i];
        for (int j = 0; j < other.length; j++) {
          rest -= plan[i * stride + j * step] * other[j];
        }
        gradient[i] = rest / weights[i];
      }
    }
    return gradient;
  }

  /**
   * A Cholesky solution in place of a positive semidefinite system, 0 in free directions: there is
   * one for each part of a plan that shares no mass with the rest.
   */
  private static void solve(double[][] matrix, double[] x, double[] scale) {
    int m = x.length;
    for (int j = 0; j < m; j++) {
      double pivot = matrix[j][j];
      for (int k = 0; k < j; k++) {
        pivot -= matrix[j][k] * matrix[j][k];
      }
      boolean free = pivot <= FREE * scale[j];
      matrix[j][j] = free ? 0 : Math.sqrt(pivot);
      for (int i = j + 1; i < m; i++) {
        double sum = matrix[i][j];
        for (int k = 0; k < j; k++) {
          sum -= matrix[i][k] * matrix[j][k];
        }
        matrix[i][j] = free ? 0 : sum / matrix[j][j];
      }
    }
    for (int j = 0; j < m; j++) {
      for (int k = 0; k < j; k++) {
        x[j] -= matrix[j][k] * x[k];
      }
      x[j] = matrix[j][j] == 0 ? 0 : x[j] / matrix[j][j];
    }
    for (int j = m - 1; j >= 0; j--) {
      for (int i = j + 1; i < m; i++) {
        x[j] -= matrix[i][j] * x[i];
      }
      x[j] = matrix[j][j] == 0 ? 0 : x[j] / matrix[j][j];
    }
  }
}
