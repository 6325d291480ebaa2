package org.dl4jplus.optim.first.linalg;

import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Eigenvalues and eigenvectors of symmetric matrices. */
public final class SymmetricEigen {

  private SymmetricEigen() {}

  /**
   * The eigenvectors, by descending eigenvalue.
   *
   * @param a symmetric matrix, not changed; its lower triangle is read
   * @return orthonormal columns, in the matrix's type; the unit vectors if the matrix is zero
   */
  public static INDArray vectors(INDArray a) {
    if (a.amaxNumber().doubleValue() == 0) {
      return Nd4j.eye(a.rows()).castTo(a.dataType());
    }
    INDArray vectors = a.castTo(DataType.DOUBLE).dup('f');
    decompose(vectors);
    int[] descending = IntStream.rangeClosed(1, a.rows()).map(i -> a.rows() - i).toArray();
    return vectors.mmul(Permutation.matrix(descending, DataType.DOUBLE)).castTo(a.dataType());
  }

  /**
   * The whole decomposition, in LAPACK's order: by ascending eigenvalue.
   *
   * @param a symmetric matrix in double precision and 'f' order, its lower triangle is read; takes
   *     the eigenvectors, orthonormal columns
   * @return the eigenvalues, ascending
   */
  public static double[] decompose(INDArray a) {
    INDArray values = Nd4j.create(DataType.DOUBLE, a.rows());
    Nd4j.getBlasWrapper().lapack().syev('V', 'L', a, values);
    return values.toDoubleVector();
  }
}
