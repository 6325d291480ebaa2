package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;

/** Projections onto the cone of what no objective objects to, from a normalized Gramian. */
@Getter
@EqualsAndHashCode
@ToString
abstract class ConeProjection implements GramianAggregator {

  private final double[] prefVector;
  private final double normEps;
  private final double regEps;

  ConeProjection(double[] prefVector, Double normEps, Double regEps) {
    this.prefVector = Weights.checked("prefVector", prefVector);
    this.normEps = nonNegative("normEps", normEps, 1e-4);
    this.regEps = nonNegative("regEps", regEps, 1e-4);
  }

  /**
   * The preferences.
   *
   * @return a copy, or null for equal ones
   */
  public double[] getPrefVector() {
    return Weights.copy(prefVector);
  }

  /** The weights for a Gramian of trace about 1 and preferences that are there. */
  abstract double[] projected(double[][] gramian, double[] preferences);

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    return projected(
        SmallMatrix.normalized(gramian, normEps, regEps),
        Weights.orEqual("prefVector", prefVector, m, 1.0 / m));
  }
}
