package org.dl4jplus.optim.first.linalg;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Thin singular value decomposition {@code A = U diag(s) V^T} with min(rows, columns) singular
 * values, by a QR factorization of the longer side first, so that no square matrix of that side
 * arises.
 */
public final class ThinSvd {

  private final DataType type;
  private final INDArray u;
  private final INDArray s;
  private final INDArray vt;

  /**
   * Decomposes a matrix.
   *
   * @param a matrix, not changed
   */
  public ThinSvd(INDArray a) {
    type = a.dataType();
    boolean wide = a.rows() < a.columns();
    INDArray tall = (wide ? a.transpose() : a).castTo(DataType.DOUBLE);
    Qr qr = new Qr(tall);
    long n = tall.columns();
    INDArray left = Nd4j.create(DataType.DOUBLE, new long[] {n, n}, 'f');
    INDArray right = Nd4j.create(DataType.DOUBLE, new long[] {n, n}, 'f');
    s = Nd4j.create(DataType.DOUBLE, n);
    Nd4j.getBlasWrapper().lapack().gesvd(qr.r(), s, left, right);
    INDArray longer = qr.q().mmul(left);
    u = wide ? right.transpose() : longer;
    vt = wide ? longer.transpose() : right;
  }

  /**
   * The singular values.
   *
   * @return values, descending
   */
  public double[] values() {
    return s.toDoubleVector();
  }

  /**
   * The first right singular vectors.
   *
   * @param rank how many, at most min(rows, columns)
   * @return rank x columns, orthonormal rows in the matrix's type
   */
  public INDArray right(long rank) {
    return vt.get(NDArrayIndex.interval(0, rank), NDArrayIndex.all()).castTo(type);
  }

  /**
   * The polar factor {@code U V^T}: the orthonormal matrix next to this one.
   *
   * @return rows x columns, in the matrix's type; singular values below max(rows, columns) *
   *     (precision of the type) * (largest) contribute nothing, so that zero gives zero
   */
  public INDArray polar() {
    double precision = type == DataType.DOUBLE ? Math.ulp(1.0) : Math.ulp(1f);
    double threshold = Math.max(u.rows(), vt.columns()) * precision * s.getDouble(0);
    return u.mulRowVector(s.gt(threshold).castTo(DataType.DOUBLE)).mmul(vt).castTo(type);
  }
}
