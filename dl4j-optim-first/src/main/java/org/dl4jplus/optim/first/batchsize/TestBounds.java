package org.dl4jplus.optim.first.batchsize;

import java.io.Serializable;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The bounds of {@link org.dl4jplus.optim.first.BatchSizeTest}. A null stands for the default.
 *
 * @param eta relative error of the gradient's norm; 0.1, above 0
 * @param theta relative error of the inner product; 0.1, above 0
 * @param nu relative error of what is orthogonal; 0.1, above 0
 * @param coordinateQuantile quantile of the coordinates; 1, in [0, 1]
 */
public record TestBounds(Double eta, Double theta, Double nu, Double coordinateQuantile)
    implements Serializable {

  /**
   * Checks the bounds and puts in defaults.
   *
   * @param eta for the norm, or null
   * @param theta for the inner product, or null
   * @param nu for what is orthogonal, or null
   * @param coordinateQuantile a quantile, or null
   */
  public TestBounds {
    eta = Require.positive("eta", eta, 0.1);
    theta = Require.positive("theta", theta, 0.1);
    nu = Require.positive("nu", nu, 0.1);
    coordinateQuantile = Require.within("coordinateQuantile", coordinateQuantile, 1, 0, 1);
  }
}
