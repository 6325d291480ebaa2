package org.dl4jplus.ot.solver;

import org.nd4j.linalg.api.ndarray.INDArray;

/** What it costs to move a unit of mass from each of the rows to each of the columns. */
public abstract class Geometry {

  /** Part of the costs' standard deviation that an entropy weight takes by default. */
  private static final double EPSILON_PART = 0.05;

  private final int rows;
  private final int columns;
  private final double[] costs;

  /**
   * A geometry with its costs.
   *
   * @param rows number of sources
   * @param columns number of targets
   * @param costs rows*columns finite values, row after row; kept, not copied
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  protected Geometry(int rows, int columns, double[] costs) {
    Arguments.finite("cost", costs, Math.multiplyExact(rows, columns));
    this.rows = rows;
    this.columns = columns;
    this.costs = costs;
  }

  /**
   * Given costs.
   *
   * @param cost the matrix [n][m]
   * @return its geometry
   * @throws IllegalArgumentException if it is empty, ragged or not finite
   */
  public static Geometry ofCost(double[][] cost) {
    double[] costs = Arguments.flat("cost", cost);
    return new CostMatrix(cost.length, cost[0].length, costs);
  }

  /**
   * Given costs.
   *
   * @param cost the matrix [n, m]
   * @return its geometry
   * @throws IllegalArgumentException if it is no matrix or not finite
   */
  public static Geometry ofCost(INDArray cost) {
    return ofCost(Arguments.matrix("cost", cost));
  }

  /**
   * Given costs.
   *
   * @param rows number of sources n
   * @param columns number of targets m
   * @param costs n*m values, row after row; kept, not copied
   * @return their geometry
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  public static Geometry ofCost(int rows, int columns, double[] costs) {
    return new CostMatrix(rows, columns, costs);
  }

  /**
   * The number of sources.
   *
   * @return n
   */
  public int rows() {
    return rows;
  }

  /**
   * The number of targets.
   *
   * @return m
   */
  public int columns() {
    return columns;
  }

  /**
   * All costs.
   *
   * @return n*m values, row after row; not a copy
   */
  public double[] costs() {
    return costs;
  }

  /**
   * The entropy weight for those who set none: 0.05 of the costs' population standard deviation, or
   * 1 where all costs are equal.
   *
   * @return a number above 0, a constant in differentiation
   */
  public double defaultEpsilon() {
    double mean = 0;
    for (double c : costs) {
      mean += c;
    }
    mean /= costs.length;
    double squares = 0;
    for (double c : costs) {
      squares += (c - mean) * (c - mean);
    }
    double deviation = Math.sqrt(squares / costs.length);
    return deviation > 0 ? EPSILON_PART * deviation : 1;
  }

  /** Costs without structure. */
  private static final class CostMatrix extends Geometry {
    CostMatrix(int rows, int columns, double[] costs) {
      super(rows, columns, costs);
    }
  }
}
