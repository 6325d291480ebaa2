package org.dl4jplus.ot.projection;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Maps a matrix to one with orthonormal columns, or with orthonormal rows where it has more columns
 * than rows.
 *
 * <pre>{@code
 * POLAR: U V' of X = U diag(s) V', the nearest such matrix
 * QR:    Q of X = Q R with a positive diagonal of R
 * }</pre>
 *
 * <p>Where the matrix does not have full rank the missing directions are filled up, so that the
 * result is orthonormal for every matrix; for zero it is a part of the identity.
 *
 * <p>P.-A. Absil, R. Mahony, R. Sepulchre, "Optimization Algorithms on Matrix Manifolds", 2008.
 *
 * @param retraction which of the two
 */
public record Stiefel(Retraction retraction) implements MatrixProjection {

  /** How a matrix becomes orthonormal. */
  public enum Retraction {
    /** The orthonormal factor of the polar decomposition. */
    POLAR,
    /** The orthonormal factor of the QR decomposition. */
    QR
  }

  /**
   * Makes the projection.
   *
   * @param retraction which of the two
   * @throws IllegalArgumentException if the retraction is null
   */
  public Stiefel {
    if (retraction == null) {
      throw new IllegalArgumentException("retraction must be POLAR or QR: null");
    }
  }

  @Override
  public void project(double[] x, int rows, int columns) {
    if (retraction == Retraction.POLAR) {
      Svd svd = new Svd(x, rows, columns);
      double[] ones = new double[Math.min(rows, columns)];
      Arrays.fill(ones, 1);
      svd.rebuild(ones, x);
    } else {
      boolean wide = rows < columns;
      INDArray matrix = Nd4j.createFromArray(x).reshape('c', new long[] {rows, columns});
      INDArray q = new Svd.Qr(wide ? matrix.transpose() : matrix).q;
      Svd.copy(wide ? q.transpose() : q, x);
    }
  }
}
