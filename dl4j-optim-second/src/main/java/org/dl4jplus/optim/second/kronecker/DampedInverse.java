package org.dl4jplus.optim.second.kronecker;

import org.nd4j.linalg.api.blas.BlasException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Inverses of damped symmetric matrices by Cholesky factorization in double precision. */
public final class DampedInverse {

  private static final int DOUBLINGS = 10;

  private DampedInverse() {}

  /**
   * Computes {@code (matrix + damping*I)^-1}. Where that is not positive definite the damping is
   * doubled, up to ten times.
   *
   * @param matrix symmetric matrix; not changed
   * @param damping above 0
   * @param out takes the inverse, rounded to its type; not changed without one
   * @return whether there is an inverse
   */
  public static boolean invert(INDArray matrix, double damping, INDArray out) {
    INDArray unit = Nd4j.eye(matrix.rows()).castTo(DataType.DOUBLE);
    double d = damping;
    for (int i = 0; i <= DOUBLINGS && Double.isFinite(d); i++, d *= 2) {
      INDArray factor = matrix.castTo(DataType.DOUBLE).add(unit.mul(d)).dup('f');
      if (factorize(factor)) {
        INDArray half = unit.dup('f');
        Nd4j.getBlasWrapper().level3().trsm('f', 'L', 'L', 'N', 'N', 1, factor, half);
        INDArray inverse = Nd4j.gemm(half, half, true, false);
        if (Double.isFinite(trace(inverse))) {
          out.assign(inverse);
          return true;
        }
      }
    }
    return false;
  }

  private static boolean factorize(INDArray matrix) {
    if (!Double.isFinite(trace(matrix))) {
      return false;
    }
    try {
      Nd4j.getBlasWrapper().lapack().potrf(matrix, true);
      return true;
    } catch (BlasException e) {
      return false;
    }
  }

  /**
   * The sum of the diagonal. For a positive semidefinite matrix it bounds all entries, so it is
   * finite only if they are.
   *
   * @param matrix square matrix
   * @return the trace
   */
  static double trace(INDArray matrix) {
    double sum = 0;
    for (long i = 0; i < matrix.rows(); i++) {
      sum += matrix.getDouble(i, i);
    }
    return sum;
  }
}
