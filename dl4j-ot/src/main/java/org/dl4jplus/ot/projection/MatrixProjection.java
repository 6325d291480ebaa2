package org.dl4jplus.ot.projection;

/** Maps a matrix to one of a set; what is in the set stays. */
@FunctionalInterface
public interface MatrixProjection {

  /**
   * Projects in place.
   *
   * @param x matrix of finite numbers, row after row, overwritten
   * @param rows number of rows
   * @param columns number of columns
   * @throws IllegalArgumentException if no matrix of this shape is in the set
   */
  void project(double[] x, int rows, int columns);
}
