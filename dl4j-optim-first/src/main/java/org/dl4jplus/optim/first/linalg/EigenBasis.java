package org.dl4jplus.optim.first.linalg;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A slowly moving eigenbasis of one side of a matrix: the average of {@code g g^T} (left) or {@code
 * g^T g} (right) and orthonormal approximations of its eigenvectors. Both lie in arrays that the
 * caller owns; nothing else is remembered.
 */
public final class EigenBasis {

  private static final double ORTHONORMAL = 1e-3;

  private final INDArray gram;
  private final INDArray basis;
  private final boolean left;
  private final Operands entries;

  /**
   * Opens the arrays.
   *
   * @param gram the average, n x n, row-major
   * @param basis the vectors in columns, n x n, row-major
   * @param left whether the side is that of the rows
   */
  public EigenBasis(INDArray gram, INDArray basis, boolean left) {
    this.gram = gram;
    this.basis = basis;
    this.left = left;
    entries = new Operands(basis.reshape('c', new long[] {basis.length()}), null, List.of());
  }

  /**
   * Takes a gradient into the average.
   *
   * @param g gradient, a matrix
   * @param beta weight that the average keeps
   */
  public void accumulate(INDArray g, double beta) {
    Nd4j.gemm(g, g, gram, !left, left, 1 - beta, beta);
  }

  /** Sets the basis to the average's eigenvectors, by descending eigenvalue. */
  public void start() {
    basis.assign(SymmetricEigen.vectors(gram));
  }

  /**
   * Makes the basis orthonormal again if it is not, as after averaging several bases. For an
   * average of orthonormal matrices {@code I - Q^T Q} has no negative eigenvalue, so that its trace
   * bounds its entries.
   */
  public void restore() {
    // Summed in double precision: the platform's norm of many single-precision entries is too
    // coarse.
    double trace = VectorExecutor.of(entries).sum(lane -> lane.gradient().squaredNorm(), entries);
    if (Math.abs(basis.rows() - trace) > ORTHONORMAL) {
      basis.assign(Qr.q(basis));
    }
  }

  /**
   * Turns a matrix into the basis or out of it.
   *
   * @param x matrix
   * @param result takes the turned matrix; not x
   * @param in whether into the basis
   * @param factor factor of the result
   */
  public void turn(INDArray x, INDArray result, boolean in, double factor) {
    if (left) {
      Nd4j.gemm(basis, x, result, in, false, factor, 0);
    } else {
      Nd4j.gemm(x, basis, result, false, !in, factor, 0);
    }
  }

  /**
   * Moves the basis by one step of power iteration: orders its vectors by their estimated
   * eigenvalues, multiplies by the average and orthonormalizes.
   *
   * @param v matrix whose axis on this side is brought into the new order
   */
  public void refresh(INDArray v) {
    INDArray q = basis.castTo(DataType.DOUBLE);
    INDArray power = gram.castTo(DataType.DOUBLE).mmul(q);
    double[] eigenvalues = q.mul(power).sum(0).toDoubleVector();
    int[] order =
        IntStream.range(0, eigenvalues.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -eigenvalues[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    if (!Arrays.equals(order, IntStream.range(0, order.length).toArray())) {
      power = power.mmul(Permutation.matrix(order, DataType.DOUBLE));
      INDArray p = Permutation.matrix(order, v.dataType());
      v.assign(left ? Nd4j.gemm(p, v, true, false) : Nd4j.gemm(v, p, false, false));
    }
    basis.assign(Qr.q(power));
  }
}
