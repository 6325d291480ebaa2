package org.dl4jplus.optim.second.curvature;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The damped Gauss-Newton step by a system of the size of a batch's outputs instead of the
 * parameters'.
 *
 * <pre>{@code
 * s = (b*lambda*I + Q*J*J^T)^-1 r
 * -J^T s = -(J^T*Q*J/b + lambda*I)^-1 (J^T*r/b)
 * }</pre>
 *
 * <p>Q, block diagonal, may be singular: it is never inverted. The matrix is not symmetric, so it
 * is factorized by LU, in double precision.
 */
public final class GaussNewtonSystem {

  private GaussNewtonSystem() {}

  /**
   * Solves the system.
   *
   * @param gramian J J^T, of shape [b*c, b*c], in double precision
   * @param curvature the blocks of Q, as in {@link Linearization#curvature()}
   * @param residual r, b*c numbers
   * @param lambda damping, above 0
   * @return s; not finite where the matrix is not or is singular to working precision
   */
  public static double[] solve(
      INDArray gramian, INDArray curvature, double[] residual, double lambda) {
    int size = residual.length;
    int c = curvature.columns();
    // Symmetric, so that rows are columns.
    double[] gram = gramian.dup('f').data().asDouble();
    double[] q = curvature.dup('c').data().asDouble();
    double[] matrix = new double[size * size];
    double total = 0;
    for (int column = 0; column < size; column++) {
      int start = column * size;
      for (int row = 0; row < size; row++) {
        int first = row / c * c;
        double sum = 0;
        for (int j = 0; j < c; j++) {
          sum += q[row * c + j] * gram[start + first + j];
        }
        matrix[start + row] = sum;
        total += sum;
      }
      matrix[start + column] += size / c * lambda;
    }
    // LAPACK refuses such a matrix with an error.
    return Double.isFinite(total) ? solve(matrix, residual) : unknown(size);
  }

  private static double[] unknown(int size) {
    double[] unknown = new double[size];
    Arrays.fill(unknown, Double.NaN);
    return unknown;
  }

  /** Solves with a matrix in columns, which is overwritten. */
  private static double[] solve(double[] columns, double[] right) {
    int size = right.length;
    INDArray factors = Nd4j.createFromArray(columns).reshape('f', new long[] {size, size});
    int[] pivots = Nd4j.getBlasWrapper().lapack().getrf(factors).data().asInt();
    double[] lu = factors.data().asDouble();
    double[] x = right.clone();
    for (int i = 0; i < size; i++) {
      // Counted from 1, as LAPACK does.
      int other = pivots[i] - 1;
      double swapped = x[i];
      x[i] = x[other];
      x[other] = swapped;
    }
    for (int column = 0; column < size; column++) {
      for (int row = column + 1; row < size; row++) {
        x[row] -= lu[column * size + row] * x[column];
      }
    }
    for (int column = size - 1; column >= 0; column--) {
      x[column] /= lu[column * size + column];
      for (int row = 0; row < column; row++) {
        x[row] -= lu[column * size + row] * x[column];
      }
    }
    return x;
  }
}
