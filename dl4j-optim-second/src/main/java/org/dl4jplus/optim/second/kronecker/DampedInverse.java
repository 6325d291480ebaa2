package org.dl4jplus.optim.second.kronecker;

import org.dl4jplus.optim.first.linalg.Cholesky;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Inverses of damped symmetric matrices by Cholesky factorization in double precision.
 *
 * <p>By halves, so that nearly all the work is in matrix products: the platform hands triangular
 * systems to BLAS with a wrong argument, and on a matrix that is not positive definite its
 * factorization throws.
 */
public final class DampedInverse {

  private static final int DOUBLINGS = 10;
  private static final int LEAF = 64;

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
    INDArray exact = matrix.castTo(DataType.DOUBLE);
    INDArray unit = Nd4j.eye(matrix.rows()).castTo(DataType.DOUBLE);
    double d = damping;
    for (int i = 0; i <= DOUBLINGS; i++) {
      INDArray half = inverseFactor(exact.add(unit.mul(d)));
      if (half != null) {
        INDArray inverse = Nd4j.gemm(half, half, true, false);
        if (Double.isFinite(trace(inverse))) {
          out.assign(inverse);
          return true;
        }
      }
      d *= 2;
    }
    return false;
  }

  /** The inverse of the lower Cholesky factor; null where a pivot is not positive and finite. */
  private static INDArray inverseFactor(INDArray a) {
    int n = a.rows();
    if (n <= LEAF) {
      Cholesky leaf = new Cholesky(a.toDoubleMatrix());
      return leaf.positive() ? Nd4j.createFromArray(leaf.inverseFactor()) : null;
    }
    int middle = n / 2;
    // Copies: the platform takes parts of views for empty.
    INDArray upper = inverseFactor(part(a, 0, middle, 0, middle).dup('c'));
    if (upper == null) {
      return null;
    }
    INDArray below = part(a, middle, n, 0, middle).mmul(upper.transpose());
    INDArray lower =
        inverseFactor(part(a, middle, n, middle, n).sub(below.mmul(below.transpose())));
    if (lower == null) {
      return null;
    }
    INDArray inverse = Nd4j.create(DataType.DOUBLE, n, n);
    part(inverse, 0, middle, 0, middle).assign(upper);
    part(inverse, middle, n, middle, n).assign(lower);
    part(inverse, middle, n, 0, middle).assign(lower.mmul(below).mmul(upper).negi());
    return inverse;
  }

  private static INDArray part(INDArray a, int row, int rowEnd, int column, int columnEnd) {
    return a.get(NDArrayIndex.interval(row, rowEnd), NDArrayIndex.interval(column, columnEnd));
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
