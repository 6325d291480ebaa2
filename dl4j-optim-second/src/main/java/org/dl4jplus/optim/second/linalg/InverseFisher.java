package org.dl4jplus.optim.second.linalg;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Inverse of the damped empirical Fisher matrix of m gradients, block by block, without ever having
 * the matrix: all that is kept is the gradients and an m x m matrix for each block.
 *
 * <pre>{@code
 * F = damping*I + (1/m) R^T R           R: the m gradients in rows, cut to the block
 * F^-1 = (I - Z^T Z) / damping          Z = L^-1 R,  L L^T = m*damping*I + R R^T
 * }</pre>
 *
 * <p>Computed in double precision. A block of n parameters takes O(m^2 n + m^3) operations once,
 * then O(m n) for a product and O(m^2 n) for the diagonal.
 */
public final class InverseFisher {

  /** Columns that are converted to double precision at a time. */
  private static final long CHUNK = 4096;

  private final INDArray gradients;
  private final double damping;
  private final List<Block> blocks = new ArrayList<>();

  /** One block: [from, to), and L^-1. */
  private record Block(long from, long to, INDArray inverseFactor) {}

  /** What is done with one stretch of the gradients, in double precision. */
  private interface Visitor {
    void visit(INDArray part, long from, long to);
  }

  /**
   * Prepares the blocks.
   *
   * @param gradients m x n, a gradient in each row; read whenever this object is used
   * @param damping what is added to the diagonal, above 0
   * @param blockSize length of a block of neighbouring parameters, the last one may be shorter; 0
   *     for one block
   * @throws ArithmeticException if the gradients are too large for the damping
   */
  public InverseFisher(INDArray gradients, double damping, long blockSize) {
    this.gradients = gradients;
    this.damping = damping;
    long size = blockSize == 0 ? gradients.columns() : blockSize;
    for (long from = 0; from < gradients.columns(); from += size) {
      long to = Math.min(from + size, gradients.columns());
      INDArray products = square();
      visit(from, to, (part, start, end) -> Nd4j.gemm(part, part, products, false, true, 1, 1));
      blocks.add(new Block(from, to, Nd4j.createFromArray(factorize(products).inverseFactor())));
    }
  }

  private INDArray square() {
    return Nd4j.create(DataType.DOUBLE, gradients.rows(), gradients.rows());
  }

  private INDArray column() {
    return Nd4j.create(DataType.DOUBLE, gradients.rows(), 1);
  }

  private Cholesky factorize(INDArray products) {
    double[][] system = products.toDoubleMatrix();
    double ridge = gradients.rows() * damping;
    double trace = 0;
    for (int i = 0; i < system.length; i++) {
      trace += system[i][i];
      system[i][i] += ridge;
    }
    Cholesky cholesky = new Cholesky(system);
    // Every pivot is at least the ridge, which has to stand out from the rounding of the others.
    if (!(trace * Math.ulp(1.0) < 0.01 * ridge) || !cholesky.positive()) {
      throw new ArithmeticException(
          "The gradients are too large for a damping of "
              + damping
              + ": their Fisher matrix cannot be inverted; use a larger one");
    }
    return cholesky;
  }

  private void visit(long from, long to, Visitor visitor) {
    for (long start = from; start < to; start += CHUNK) {
      long end = Math.min(start + CHUNK, to);
      INDArray part = gradients.get(NDArrayIndex.all(), NDArrayIndex.interval(start, end)).dup('f');
      visitor.visit(part.castTo(DataType.DOUBLE), start, end);
    }
  }

  /** A copy of a stretch of a vector as a column in double precision. */
  private static INDArray piece(INDArray x, long from, long to) {
    return x.get(NDArrayIndex.interval(from, to))
        .dup()
        .castTo(DataType.DOUBLE)
        .reshape('c', new long[] {to - from, 1});
  }

  /**
   * The product {@code F^-1 x}.
   *
   * @param x vector of n entries, not changed
   * @return a vector in double precision
   */
  public INDArray product(INDArray x) {
    INDArray result = Nd4j.create(DataType.DOUBLE, x.length());
    for (Block block : blocks) {
      INDArray inner = column();
      visit(block.from, block.to, (part, from, to) -> inner.addi(part.mmul(piece(x, from, to))));
      INDArray z = block.inverseFactor.mmul(inner);
      INDArray y = Nd4j.gemm(block.inverseFactor, z, true, false);
      visit(
          block.from,
          block.to,
          (part, from, to) -> {
            INDArray rest = piece(x, from, to).subi(Nd4j.gemm(part, y, true, false));
            result
                .get(NDArrayIndex.interval(from, to))
                .assign(rest.divi(damping).reshape('c', new long[] {to - from}));
          });
    }
    return result;
  }

  /**
   * The diagonal of {@code F^-1}.
   *
   * @return n numbers above 0
   */
  public double[] diagonal() {
    double[] diagonal = new double[gradients.columns()];
    int m = gradients.rows();
    for (Block block : blocks) {
      visit(
          block.from,
          block.to,
          (part, from, to) -> {
            double[] explained = squares(block.inverseFactor.mmul(part));
            double[] fisher = squares(part);
            for (int i = 0; i < fisher.length; i++) {
              // Never below the inverse of F's own diagonal: what rounding may break.
              diagonal[(int) from + i] =
                  Math.max((1 - explained[i]) / damping, 1 / (damping + fisher[i] / m));
            }
          });
    }
    return diagonal;
  }

  /** Sums of squares by column. */
  private static double[] squares(INDArray matrix) {
    return matrix.mul(matrix).sum(0).toDoubleVector();
  }

  /**
   * Sets weights to zero and moves the others to where a quadratic loss with the matrix F suffers
   * least from that.
   *
   * @param weights n weights; changed in place
   * @param removed which become zero
   */
  public void remove(INDArray weights, boolean[] removed) {
    for (Block block : blocks) {
      INDArray lost = column();
      INDArray products = square();
      visit(
          block.from,
          block.to,
          (part, from, to) -> {
            INDArray gone = mask(removed, from, to);
            lost.addi(part.mmul(piece(weights, from, to).mul(gone.reshape(to - from, 1))));
            INDArray kept = part.mulRowVector(gone.rsub(1));
            Nd4j.gemm(kept, kept, products, false, true, 1, 1);
          });
      double[] y = lost.reshape('c', new long[] {lost.length()}).toDoubleVector();
      factorize(products).solve(y);
      INDArray solution = Nd4j.createFromArray(y).reshape('c', new long[] {y.length, 1});
      visit(
          block.from,
          block.to,
          (part, from, to) -> {
            INDArray moved = piece(weights, from, to).addi(Nd4j.gemm(part, solution, true, false));
            INDArray stays = mask(removed, from, to).rsubi(1).reshape(to - from, 1);
            weights
                .get(NDArrayIndex.interval(from, to))
                .assign(moved.muli(stays).reshape('c', new long[] {to - from}));
          });
    }
  }

  /** 1 where a weight is removed, else 0. */
  private static INDArray mask(boolean[] removed, long from, long to) {
    double[] mask = new double[(int) (to - from)];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = removed[(int) from + i] ? 1 : 0;
    }
    return Nd4j.createFromArray(mask);
  }
}
