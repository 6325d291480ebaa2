package org.dl4jplus.optim.first.linalg;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Householder QR factorization {@code A = Q R} with a diagonal of R that is not negative: so Q is
 * unique for a matrix of full rank, and an orthonormal matrix is its own Q.
 */
public final class Qr {

  private final INDArray q;
  private final INDArray r;

  /**
   * Factorizes a matrix with at least as many rows as columns.
   *
   * @param a matrix in double precision
   */
  Qr(INDArray a) {
    long columns = a.columns();
    q = a.dup('f');
    r = Nd4j.create(DataType.DOUBLE, new long[] {columns, columns}, 'f');
    Nd4j.getBlasWrapper().lapack().geqrf(q, r);
    INDArray signs = Nd4j.create(DataType.DOUBLE, columns);
    for (long i = 0; i < columns; i++) {
      signs.putScalar(i, r.getDouble(i, i) < 0 ? -1 : 1);
    }
    q.muliRowVector(signs);
    // The platform's column-wise operations are wrong for matrices in 'f' order.
    r.transpose().muliRowVector(signs);
  }

  INDArray q() {
    return q;
  }

  INDArray r() {
    return r;
  }

  /**
   * The factor Q: orthonormal columns that span those of the matrix, also where they are linearly
   * dependent.
   *
   * @param a matrix, not changed
   * @return rows x min(rows, columns), in the matrix's type
   */
  public static INDArray q(INDArray a) {
    INDArray leading =
        a.rows() < a.columns() ? a.get(NDArrayIndex.all(), NDArrayIndex.interval(0, a.rows())) : a;
    return new Qr(leading.castTo(DataType.DOUBLE)).q.castTo(a.dataType());
  }
}
