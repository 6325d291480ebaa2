package org.dl4jplus.optim.zeroth.search;

/** What costs are divided by before they are weighed. */
public enum CostScale {
  /** By nothing. */
  NONE,
  /** The mean of their sizes. */
  MEAN,
  /** The largest of their sizes. */
  MAX;

  private static final double SMALLEST = 1e-10;

  /**
   * The divisor of a whole matrix.
   *
   * @param costs all costs of a step, finite
   * @return 1, or the mean or the largest of |C|, at least 1e-10
   */
  public double divisor(double[][] costs) {
    double sum = 0;
    double largest = 0;
    long count = 0;
    for (double[] row : costs) {
      for (double cost : row) {
        sum += Math.abs(cost);
        largest = Math.max(largest, Math.abs(cost));
        count++;
      }
    }
    return switch (this) {
      case NONE -> 1;
      case MEAN -> Math.max(sum / count, SMALLEST);
      case MAX -> Math.max(largest, SMALLEST);
    };
  }
}
