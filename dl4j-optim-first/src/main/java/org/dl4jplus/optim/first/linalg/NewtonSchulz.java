package org.dl4jplus.optim.first.linalg;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Newton-Schulz iteration: brings all singular values of a matrix near 1 by matrix products alone.
 *
 * <pre>{@code
 * X = G / (||G|| + 1e-7)
 * repeat: A = X X^T ;  X = 3.4445 X + (-4.7750 A + 2.0315 A A) X      (X^T X if rows > columns)
 * }</pre>
 *
 * <p>After 5 steps singular values of at least {@code 0.01 ||G||} lie in about [0.68, 1.13];
 * smaller ones grow by at most 3.4445 a step. A zero matrix stays zero.
 */
public final class NewtonSchulz {

  private static final double A = 3.4445;
  private static final double B = -4.7750;
  private static final double C = 2.0315;
  private static final double EPSILON = 1e-7;

  private NewtonSchulz() {}

  /**
   * Replaces a matrix by {@code factor * NewtonSchulz(matrix)}.
   *
   * @param x dense matrix of any order; changed in place
   * @param norm its Frobenius norm
   * @param steps number of iterations, at least 1
   * @param factor factor of the result
   */
  public static void apply(INDArray x, double norm, int steps, double factor) {
    boolean wide = x.rows() <= x.columns();
    long side = Math.min(x.rows(), x.columns());
    INDArray gram = Nd4j.createUninitialized(x.dataType(), side, side);
    INDArray polynomial = Nd4j.createUninitialized(x.dataType(), side, side);
    INDArray copy = Nd4j.createUninitialized(x.dataType(), x.shape(), x.ordering());
    x.muli(1 / (norm + EPSILON));
    for (int i = 1; i <= steps; i++) {
      double f = i == steps ? factor : 1;
      Nd4j.gemm(x, x, gram, !wide, wide, 1, 0);
      polynomial.assign(gram);
      Nd4j.gemm(gram, gram, polynomial, false, false, C, B);
      copy.assign(x);
      Nd4j.gemm(wide ? polynomial : copy, wide ? copy : polynomial, x, false, false, f, f * A);
    }
  }
}
