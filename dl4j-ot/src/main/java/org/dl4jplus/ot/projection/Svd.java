package org.dl4jplus.ot.projection;

import java.util.function.DoubleUnaryOperator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Thin decompositions of a matrix in row-major order. The singular value decomposition goes over a
 * QR factorization of the longer side, so that no square matrix of that side arises.
 */
final class Svd {

  private final boolean wide;
  private final INDArray longer;
  private final INDArray values;
  private final INDArray shorter;

  Svd(double[] x, int rows, int columns) {
    wide = rows < columns;
    INDArray matrix = Nd4j.createFromArray(x).reshape('c', new long[] {rows, columns});
    Qr qr = new Qr(wide ? matrix.transpose() : matrix);
    int n = Math.min(rows, columns);
    INDArray left = Nd4j.create(DataType.DOUBLE, new long[] {n, n}, 'f');
    shorter = Nd4j.create(DataType.DOUBLE, new long[] {n, n}, 'f');
    values = Nd4j.create(DataType.DOUBLE, n);
    Nd4j.getBlasWrapper().lapack().gesvd(qr.r, values, left, shorter);
    longer = qr.q.mmul(left);
  }

  /** Singular values, descending. */
  double[] values() {
    return values.toDoubleVector();
  }

  /** {@code U diag(f(s)) V'}. */
  void rebuild(double[] newValues, double[] out) {
    INDArray scaled = longer.mul(Nd4j.createFromArray(newValues).reshape(1, newValues.length));
    store(scaled.mmul(shorter), out);
  }

  /** {@code V diag(s) V'} of a square matrix: its absolute value {@code (X'X)^(1/2)}. */
  void absolute(double[] out) {
    INDArray scaled = shorter.transpose().mul(values.reshape(1, values.length()));
    store(scaled.mmul(shorter), out);
  }

  private void store(INDArray matrix, double[] out) {
    copy(wide ? matrix.transpose() : matrix, out);
  }

  static void copy(INDArray matrix, double[] out) {
    System.arraycopy(matrix.dup('c').data().asDouble(), 0, out, 0, out.length);
  }

  /** Applies a function to the singular values, unless it leaves all of them. */
  static void map(double[] x, int rows, int columns, DoubleUnaryOperator function) {
    Svd svd = new Svd(x, rows, columns);
    double[] values = svd.values();
    boolean changed = false;
    for (int i = 0; i < values.length; i++) {
      double value = function.applyAsDouble(values[i]);
      changed |= value != values[i];
      values[i] = value;
    }
    if (changed) {
      svd.rebuild(values, x);
    }
  }

  /** QR factorization with a diagonal of R that is not negative: an orthonormal matrix is its Q. */
  static final class Qr {

    final INDArray q;
    final INDArray r;

    /** Takes a matrix with at least as many rows as columns. */
    Qr(INDArray tall) {
      int columns = tall.columns();
      q = tall.dup('f');
      r = Nd4j.create(DataType.DOUBLE, new long[] {columns, columns}, 'f');
      Nd4j.getBlasWrapper().lapack().geqrf(q, r);
      double[] signs = new double[columns];
      for (int i = 0; i < columns; i++) {
        signs[i] = r.getDouble(i, i) < 0 ? -1 : 1;
      }
      INDArray row = Nd4j.createFromArray(signs).reshape(1, columns);
      q.muli(row);
      r.muli(row.transpose());
    }
  }
}
