package org.dl4jplus.optim.second.kronecker;

import org.dl4jplus.optim.first.vector.HostView;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rank-one updates of a symmetric inverse J in place, in quadratic time. A result is symmetric to
 * the bit; where the update is not possible (a denominator that is not positive, numbers that are
 * not finite) J becomes the unit matrix.
 *
 * <p>J. Sherman, W. J. Morrison: "Adjustment of an Inverse Matrix Corresponding to a Change in One
 * Element of a Given Matrix" (1950).
 */
public final class ShermanMorrison {

  /** Side of the tiles in which the matrix is gone through. */
  private static final int TILE = 32;

  private ShermanMorrison() {}

  /**
   * The inverse of {@code A + v v^T}.
   *
   * <pre>{@code
   * J = J - (J v)(J v)^T / (1 + v.J v)
   * }</pre>
   *
   * @param inverse J, d x d in row-major order; changed
   * @param v vector, of shape [d] and J's type
   * @return the largest absolute value in J
   */
  public static double plain(INDArray inverse, INDArray v) {
    double[] product = inverse.mmul(v).toDoubleVector();
    double denominator = 1 + dot(product, v.toDoubleVector());
    return update(inverse, 1, product, -1 / denominator, denominator, 0);
  }

  /**
   * The inverse of {@code decay*A + (1-decay)*v v^T}.
   *
   * <pre>{@code
   * J = J/decay - ((1-decay)/decay^2) (J v)(J v)^T / (1 + ((1-decay)/decay) v.J v)
   * }</pre>
   *
   * @param inverse J, d x d in row-major order; changed
   * @param decay weight of A, in (0, 1]
   * @param v vector, of shape [d] and J's type
   * @return the largest absolute value in J
   */
  public static double decayed(INDArray inverse, double decay, INDArray v) {
    double[] product = inverse.mmul(v).toDoubleVector();
    double odds = (1 - decay) / decay;
    double denominator = 1 + odds * dot(product, v.toDoubleVector());
    return update(inverse, 1 / decay, product, -odds / decay / denominator, denominator, 0);
  }

  /**
   * MKOR's update as its authors' code has it: the inverse, and not the matrix, moves towards the
   * unit matrix. It is the inverse of no decayed average.
   *
   * <pre>{@code
   * J' = decay*J + (1-decay)*I ;  J = J' - (J' v)(J' v)^T / (1 + v.J' v)
   * }</pre>
   *
   * @param inverse J, d x d in row-major order; changed
   * @param decay weight of J, in [0, 1]
   * @param v vector, of shape [d] and J's type
   * @return the largest absolute value in J
   */
  public static double towardsIdentity(INDArray inverse, double decay, INDArray v) {
    double[] product = inverse.mmul(v).toDoubleVector();
    double[] vector = v.toDoubleVector();
    for (int i = 0; i < product.length; i++) {
      product[i] = decay * product[i] + (1 - decay) * vector[i];
    }
    double denominator = 1 + dot(product, vector);
    return update(inverse, decay, product, -1 / denominator, denominator, 1 - decay);
  }

  /**
   * The recursion printed in MKOR's paper, as far as it is known: its rank-one term has the other
   * sign.
   *
   * <pre>{@code
   * J = decay*J + (1-decay) / (decay^2 (1 + decay*(1-decay) v.J v)) (J v)(J v)^T
   * }</pre>
   *
   * @param inverse J, d x d in row-major order; changed
   * @param decay weight of J, in (0, 1]
   * @param v vector, of shape [d] and J's type
   * @return the largest absolute value in J
   */
  public static double published(INDArray inverse, double decay, INDArray v) {
    double[] product = inverse.mmul(v).toDoubleVector();
    double denominator = 1 + decay * (1 - decay) * dot(product, v.toDoubleVector());
    double factor = (1 - decay) / (decay * decay * denominator);
    return update(inverse, decay, product, factor, denominator, 0);
  }

  /**
   * Mixes a matrix with the unit matrix.
   *
   * @param inverse J, square, in row-major order; changed to {@code (1-share)*J + share*I}
   * @param share in [0, 1]
   * @return the largest absolute value in the result
   */
  public static double mixIdentity(INDArray inverse, double share) {
    if (share == 1) {
      reset(inverse);
      return 1;
    }
    return update(inverse, 1 - share, new double[inverse.rows()], 0, 1, share);
  }

  private static void reset(INDArray inverse) {
    inverse.assign(0);
    HostView view = new HostView(inverse.reshape('c', new long[] {inverse.length()}));
    int n = inverse.rows();
    for (int i = 0; i < n; i++) {
      view.set(i * n + i, 1);
    }
    view.flush();
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /** J = scale*J + factor*u u^T + shift*I; returns the largest absolute value. */
  private static double update(
      INDArray inverse, double scale, double[] u, double factor, double denominator, double shift) {
    double largest = Double.NaN;
    if (denominator > 0 && denominator < Double.POSITIVE_INFINITY) {
      HostView view = new HostView(inverse.reshape('c', new long[] {inverse.length()}));
      double[] buffer = new double[TILE * TILE];
      largest = 0;
      for (int row = 0; row < u.length; row += TILE) {
        for (int column = 0; column <= row; column += TILE) {
          largest = Math.max(largest, tile(view, u, row, column, scale, factor, shift, buffer));
        }
      }
      view.flush();
    }
    if (!(largest < Double.POSITIVE_INFINITY)) {
      reset(inverse);
      return 1;
    }
    return largest;
  }

  /**
   * One tile of the lower triangle, and its mirror image: the mean of both triangles is taken. Both
   * are read and written row by row: columns of wide matrices fall out of the cache.
   */
  private static double tile(
      HostView j,
      double[] u,
      int row,
      int column,
      double scale,
      double factor,
      double shift,
      double[] buffer) {
    int n = u.length;
    int rowEnd = Math.min(row + TILE, n);
    int columnEnd = Math.min(column + TILE, n);
    for (int r = row; r < rowEnd; r++) {
      for (int c = column; c < columnEnd; c++) {
        buffer[(r - row) * TILE + c - column] = j.get(r * n + c);
      }
    }
    for (int c = column; c < columnEnd; c++) {
      for (int r = row; r < rowEnd; r++) {
        int at = (r - row) * TILE + c - column;
        double value = scale * 0.5 * (buffer[at] + j.get(c * n + r)) + factor * (u[r] * u[c]);
        buffer[at] = r == c ? value + shift : value;
      }
    }
    double largest = 0;
    for (int r = row; r < rowEnd; r++) {
      for (int c = column; c < columnEnd; c++) {
        double value = buffer[(r - row) * TILE + c - column];
        j.set(r * n + c, value);
        largest = Math.max(largest, Math.abs(value));
      }
    }
    for (int c = column; c < columnEnd; c++) {
      for (int r = row; r < rowEnd; r++) {
        j.set(c * n + r, buffer[(r - row) * TILE + c - column]);
      }
    }
    return largest;
  }
}
