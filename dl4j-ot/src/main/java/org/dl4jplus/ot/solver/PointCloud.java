package org.dl4jplus.ot.solver;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Squared Euclidean distances between two sets of points.
 *
 * <pre>{@code
 * C_ij = ||x_i - y_j||^2
 * }</pre>
 */
public final class PointCloud extends Geometry {

  private final int dimension;
  private final double[] x;
  private final double[] y;

  private PointCloud(int rows, int columns, int dimension, double[] x, double[] y) {
    super(rows, columns, distances(rows, columns, dimension, x, y));
    this.dimension = dimension;
    this.x = x;
    this.y = y;
  }

  /**
   * Two sets of points.
   *
   * @param x sources [n][d]
   * @param y targets [m][d]
   * @return their geometry
   * @throws IllegalArgumentException for an empty, ragged or non-finite set, or unequal dimensions
   */
  public static PointCloud of(double[][] x, double[][] y) {
    double[] flatX = Arguments.flat("x", x);
    double[] flatY = Arguments.flat("y", y);
    if (x[0].length != y[0].length) {
      throw new IllegalArgumentException(
          "x and y must have equal dimensions, got " + x[0].length + " and " + y[0].length);
    }
    Arguments.finite("x", flatX, flatX.length);
    Arguments.finite("y", flatY, flatY.length);
    return new PointCloud(x.length, y.length, x[0].length, flatX, flatY);
  }

  /**
   * Two sets of points.
   *
   * @param x sources [n, d]
   * @param y targets [m, d]
   * @return their geometry
   * @throws IllegalArgumentException for anything else
   */
  public static PointCloud of(INDArray x, INDArray y) {
    return of(Arguments.matrix("x", x), Arguments.matrix("y", y));
  }

  private static double[] distances(int n, int m, int d, double[] x, double[] y) {
    double[] costs = new double[Math.multiplyExact(n, m)];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        double sum = 0;
        for (int k = 0; k < d; k++) {
          double difference = x[i * d + k] - y[j * d + k];
          sum += difference * difference;
        }
        costs[i * m + j] = sum;
      }
    }
    return costs;
  }

  /**
   * The points' dimension.
   *
   * @return d
   */
  public int dimension() {
    return dimension;
  }

  /**
   * The sources.
   *
   * @return n*d values, row after row; not a copy
   */
  public double[] x() {
    return x;
  }

  /**
   * The targets.
   *
   * @return m*d values, row after row; not a copy
   */
  public double[] y() {
    return y;
  }

  /**
   * Chains a gradient of the costs to the sources.
   *
   * <pre>{@code
   * dL/dx_i = 2 sum_j G_ij (x_i - y_j)
   * }</pre>
   *
   * @param costGradient G, n*m values; the plan for the gradient of the regularised cost
   * @return n*d values
   * @throws IllegalArgumentException for a wrong size
   */
  public double[] gradientX(double[] costGradient) {
    return gradient(costGradient, true);
  }

  /**
   * Chains a gradient of the costs to the targets.
   *
   * <pre>{@code
   * dL/dy_j = 2 sum_i G_ij (y_j - x_i)
   * }</pre>
   *
   * @param costGradient G, n*m values
   * @return m*d values
   * @throws IllegalArgumentException for a wrong size
   */
  public double[] gradientY(double[] costGradient) {
    return gradient(costGradient, false);
  }

  private double[] gradient(double[] costGradient, boolean ofX) {
    Arguments.sized("costGradient", costGradient, rows() * columns());
    double[] gradient = new double[ofX ? x.length : y.length];
    for (int i = 0; i < rows(); i++) {
      for (int j = 0; j < columns(); j++) {
        double g = 2 * costGradient[i * columns() + j];
        for (int k = 0; k < dimension; k++) {
          double pull = g * (x[i * dimension + k] - y[j * dimension + k]);
          if (ofX) {
            gradient[i * dimension + k] += pull;
          } else {
            gradient[j * dimension + k] -= pull;
          }
        }
      }
    }
    return gradient;
  }
}
