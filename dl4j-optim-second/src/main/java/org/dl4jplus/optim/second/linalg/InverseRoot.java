package org.dl4jplus.optim.second.linalg;

import java.util.SplittableRandom;
import org.dl4jplus.optim.first.linalg.SymmetricEigen;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Inverse roots of symmetric positive semidefinite matrices, in double precision.
 *
 * <pre>{@code
 * r = ridgeEpsilon * largest eigenvalue of M
 * root = (M + r I)^(-1/p)
 * }</pre>
 *
 * <p>Up to {@value #EIGEN_LIMIT} rows by eigenvalues, which are kept from falling below r (and
 * 1e-30); above by the coupled Newton iteration, which needs products of matrices only. A matrix
 * with one row has the root 1, as the authors of Shampoo have it: a side of one entry is not
 * preconditioned. A matrix of zeros has the unit matrix as its root.
 *
 * <p>R. Anil, V. Gupta, T. Koren, K. Regan, Y. Singer: "Scalable Second Order Optimization for Deep
 * Learning", arXiv 2002.09018 (2020), has the iteration; it is from N. J. Higham's "Functions of
 * Matrices" (2008).
 */
public final class InverseRoot {

  /** Largest number of rows for which eigenvalues are computed. */
  public static final int EIGEN_LIMIT = 1024;

  private static final double SMALLEST = 1e-30;
  private static final double TOLERANCE = 1e-6;
  private static final double GROWTH = 1.2;
  private static final double USELESS = 0.1;
  private static final int ROUNDS = 100;

  private final INDArray root;
  private final double ridge;

  private InverseRoot(INDArray root, double ridge) {
    this.root = root;
    this.ridge = ridge;
  }

  /**
   * Computes a root by the way that suits the matrix's size.
   *
   * @param matrix symmetric positive semidefinite matrix, not changed
   * @param p which root, at least 1
   * @param ridgeEpsilon ridge as a share of the largest eigenvalue, at least 0
   * @return the root; {@link #root()} is null where there is none
   */
  public static InverseRoot of(INDArray matrix, int p, double ridgeEpsilon) {
    return matrix.rows() <= EIGEN_LIMIT
        ? byEigenvalues(matrix, p, ridgeEpsilon)
        : byNewton(matrix, p, ridgeEpsilon);
  }

  /**
   * Computes a root by eigenvalues.
   *
   * @param matrix symmetric positive semidefinite matrix, not changed
   * @param p which root, at least 1
   * @param ridgeEpsilon ridge as a share of the largest eigenvalue, at least 0
   * @return the root; {@link #root()} is null for a matrix that is not finite
   */
  public static InverseRoot byEigenvalues(INDArray matrix, int p, double ridgeEpsilon) {
    InverseRoot simple = simple(matrix);
    if (simple != null) {
      return simple;
    }
    INDArray vectors = matrix.castTo(DataType.DOUBLE).dup('f');
    double[] values = SymmetricEigen.decompose(vectors);
    double ridge = ridgeEpsilon * Math.max(0, values[values.length - 1]);
    double floor = Math.max(ridge, SMALLEST);
    double[] halves = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      halves[i] = Math.pow(Math.max(values[i] + ridge, floor), -0.5 / p);
    }
    INDArray scaled = vectors.muliRowVector(Nd4j.createFromArray(halves));
    return result(Nd4j.gemm(scaled, scaled, false, true), ridge);
  }

  /**
   * Computes a root by the coupled Newton iteration.
   *
   * @param matrix symmetric positive semidefinite matrix, not changed
   * @param p which root, at least 1
   * @param ridgeEpsilon ridge as a share of the largest eigenvalue, at least 0
   * @return the root; {@link #root()} is null for a matrix that is not finite, or where the
   *     iteration did not come near
   */
  public static InverseRoot byNewton(INDArray matrix, int p, double ridgeEpsilon) {
    InverseRoot simple = simple(matrix);
    if (simple != null) {
      return simple;
    }
    INDArray unit = Nd4j.eye(matrix.rows()).castTo(DataType.DOUBLE);
    INDArray a = matrix.castTo(DataType.DOUBLE).dup('f');
    double ridge = ridgeEpsilon * largestEigenvalue(a);
    a.addi(unit.mul(ridge));
    double z = (1 + p) / (2 * a.norm2Number().doubleValue());
    INDArray root = unit.mul(Math.pow(z, 1.0 / p));
    INDArray x = a.muli(z);
    double error = distance(x, unit);
    for (int round = 0; round < ROUNDS && error > TOLERANCE; round++) {
      INDArray t = unit.mul(1 + 1.0 / p).subi(x.mul(1.0 / p));
      INDArray next = root.mmul(t);
      x = power(t, p).mmul(x);
      double nextError = distance(x, unit);
      // Also where the error is not a number.
      if (!(nextError <= GROWTH * error)) {
        break;
      }
      root = next;
      error = nextError;
    }
    return error <= USELESS ? result(root, ridge) : new InverseRoot(null, 0);
  }

  /** The root where no computation is needed or possible; null where it is. */
  private static InverseRoot simple(INDArray matrix) {
    if (matrix.length() == 1) {
      return new InverseRoot(Nd4j.ones(DataType.DOUBLE, 1, 1), 0);
    }
    double size = matrix.castTo(DataType.DOUBLE).norm1Number().doubleValue();
    if (!(size < Double.POSITIVE_INFINITY)) {
      return new InverseRoot(null, 0);
    }
    return size == 0 ? new InverseRoot(Nd4j.eye(matrix.rows()).castTo(DataType.DOUBLE), 0) : null;
  }

  private static InverseRoot result(INDArray root, double ridge) {
    return Double.isFinite(root.sumNumber().doubleValue())
        ? new InverseRoot(root, ridge)
        : new InverseRoot(null, 0);
  }

  private static double distance(INDArray x, INDArray unit) {
    double most = x.sub(unit).amaxNumber().doubleValue();
    return Double.isFinite(x.sumNumber().doubleValue()) ? most : Double.NaN;
  }

  private static INDArray power(INDArray t, int p) {
    INDArray result = null;
    INDArray square = t;
    for (int rest = p; rest > 0; rest >>= 1) {
      if ((rest & 1) == 1) {
        result = result == null ? square : result.mmul(square);
      }
      if (rest > 1) {
        square = square.mmul(square);
      }
    }
    return result;
  }

  /** By power iteration from a fixed start. */
  private static double largestEigenvalue(INDArray a) {
    double[] start = new double[a.rows()];
    SplittableRandom random = new SplittableRandom(0);
    for (int i = 0; i < start.length; i++) {
      start[i] = random.nextDouble(-1, 1);
    }
    INDArray v = Nd4j.createFromArray(start).reshape('c', new long[] {start.length, 1});
    double value = 0;
    for (int round = 0; round < ROUNDS; round++) {
      double norm = v.norm2Number().doubleValue();
      if (norm == 0) {
        return value;
      }
      v = v.div(norm);
      INDArray next = a.mmul(v);
      double quotient =
          Nd4j.getBlasWrapper().dot(v.reshape(start.length), next.reshape(start.length));
      if (Math.abs(quotient - value) < TOLERANCE * Math.abs(quotient)) {
        return quotient;
      }
      value = quotient;
      v = next;
    }
    return value;
  }

  /**
   * The root.
   *
   * @return a symmetric matrix in double precision; null if it could not be computed
   */
  public INDArray root() {
    return root;
  }

  /**
   * What was added to the diagonal.
   *
   * @return the ridge; 0 where the matrix was taken as it is
   */
  public double ridge() {
    return ridge;
  }
}
