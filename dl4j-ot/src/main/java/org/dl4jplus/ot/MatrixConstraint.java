package org.dl4jplus.ot;

import org.dl4jplus.ot.projection.MatrixProjection;

/**
 * A constraint on a parameter as a matrix: a weight of two axes as it is, [inputs, units]; one of
 * more axes with a row for each entry of the first, as [units, inputs * height * width] in a
 * convolution; a bias as one row.
 */
public abstract class MatrixConstraint extends ProjectionConstraint {

  private static final long serialVersionUID = 1L;

  /** For the constraints. */
  protected MatrixConstraint() {}

  /**
   * The projection of the matrix.
   *
   * @return what the settings describe
   */
  protected abstract MatrixProjection projection();

  @Override
  protected void project(double[] values, long[] shape, boolean bias) {
    int rows = shape.length < 2 ? 1 : (int) shape[0];
    projection().project(values, rows, values.length / rows);
  }
}
