package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What the aggregators do with matrices whose rows are gradients. */
public final class Jacobians {

  /** Columns that are taken to the heap at a time. */
  private static final int BLOCK = 4096;

  /** Makes one number of a column. */
  interface ColumnRule {

    /** The column's values may be changed. */
    double apply(double[] column, long index);
  }

  private Jacobians() {}

  /**
   * The inner products of the rows, accumulated in double precision.
   *
   * @param jacobian of shape [m, n]
   * @return m x m, symmetric to the bit
   * @throws IllegalArgumentException for a Jacobian without rows or with rows that are not finite
   */
  public static double[][] gramian(INDArray jacobian) {
    requireRows(jacobian);
    int m = (int) jacobian.size(0);
    double[][] gramian = new double[m][m];
    for (int i = 0; i < m; i++) {
      INDArray row = row(jacobian, i);
      for (int j = 0; j <= i; j++) {
        double dot = GradientTurn.dot(row, row(jacobian, j));
        if (!Double.isFinite(dot)) {
          throw new IllegalArgumentException(
              "jacobian must be finite, got the inner product " + dot + " at row " + i);
        }
        gramian[i][j] = dot;
        gramian[j][i] = dot;
      }
    }
    return gramian;
  }

  /**
   * A weighted sum of the rows.
   *
   * @param jacobian of shape [m, n]
   * @param weights m weights
   * @param out takes the sum, of shape [n]
   */
  public static void weightedSum(INDArray jacobian, double[] weights, INDArray out) {
    out.assign(0);
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] != 0) {
        GradientTurn.axpy(out, weights[i], row(jacobian, i), out);
      }
    }
  }

  /**
   * A row.
   *
   * @param jacobian of shape [m, n]
   * @param i index
   * @return a view of shape [n]
   */
  public static INDArray row(INDArray jacobian, int i) {
    return jacobian.get(NDArrayIndex.point(i), NDArrayIndex.all());
  }

  /** Applies a rule to each column, with a bounded amount of memory. */
  static void columns(INDArray jacobian, INDArray out, ColumnRule rule) {
    requireRows(jacobian);
    int m = (int) jacobian.size(0);
    long n = jacobian.size(1);
    double[] column = new double[m];
    for (long from = 0; from < n; from += BLOCK) {
      var interval = NDArrayIndex.interval(from, Math.min(n, from + BLOCK));
      double[][] block = new double[m][];
      for (int i = 0; i < m; i++) {
        block[i] = jacobian.get(NDArrayIndex.point(i), interval).toDoubleVector();
      }
      INDArray target = out.get(interval);
      for (int k = 0; k < block[0].length; k++) {
        for (int i = 0; i < m; i++) {
          column[i] = block[i][k];
          if (!Double.isFinite(column[i])) {
            throw new IllegalArgumentException(
                "jacobian must be finite, got " + column[i] + " at row " + i);
          }
        }
        target.putScalar(k, rule.apply(column, from + k));
      }
    }
  }

  private static void requireRows(INDArray jacobian) {
    if (jacobian.rank() != 2 || jacobian.isEmpty() || jacobian.size(0) == 0) {
      throw new IllegalArgumentException(
          "jacobian must be a matrix with at least one row, got the shape "
              + Arrays.toString(jacobian.shape()));
    }
  }
}
