package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.apache.commons.math3.analysis.solvers.BrentSolver;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * CAGrad: the direction near the mean gradient along which the worst objective gains most.
 *
 * <pre>{@code
 * G   = J J' / trace(J J')                       (0 if the trace is below normEps)
 * phi = c sqrt(u' G u),  u = 1/m
 * w   = argmin over the simplex of  w' G u + phi sqrt(w' G w)
 * a   = u + phi/sqrt(w' G w) w  if sqrt(w' G w) >= normEps, else 0
 * result = J' a
 * }</pre>
 *
 * <p>Fields: {@code c} 0.5, at least 0: 0 gives the mean; {@code normEps} 1e-4, at least 0. Beware:
 * once the gradients have a common norm below 0.01, the square root of normEps, the result is the
 * zero vector; 0 switches that off. Not divided by 1 + c^2 as in some implementations.
 *
 * <p>The square root is the minimum of (t + w'Gw/t)/2 over t. For a given t the best w is that of
 * the shortest vector in the hull of the rows g_i + t/phi u'J, which is found exactly; the best t
 * is where t^2 = w'Gw.
 *
 * <p>B. Liu, X. Liu, X. Jin, P. Stone, Q. Liu: "Conflict-Averse Gradient Descent for Multi-task
 * Learning", arXiv 2110.14048 (2021).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class CAGrad implements GramianAggregator {

  /** Below this length, relative to the gradients', w' J has no direction. */
  private static final double SHORTEST = 1e-10;

  private final double c;
  private final double normEps;

  /** CAGrad with its defaults. */
  public CAGrad() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private CAGrad(@JsonProperty("c") Double c, @JsonProperty("normEps") Double normEps) {
    this.c = nonNegative("c", c, 0.5);
    this.normEps = nonNegative("normEps", normEps, 1e-4);
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    double[][] g = SmallMatrix.normalized(gramian, normEps, 0);
    double[] mean = Weights.equal(m, 1.0 / m);
    if (SmallMatrix.trace(g) == 0) {
      return new double[m];
    }
    double phi = c * Math.sqrt(SmallMatrix.quadratic(g, mean));
    if (phi == 0) {
      return mean;
    }
    double lowest = Math.max(normEps, SHORTEST);
    if (excess(g, phi, lowest) < 0) {
      return new double[m];
    }
    double t = lowest;
    // At the trace, 1, the hull is not longer than its longest row.
    if (excess(g, phi, lowest) > 0 && excess(g, phi, 1) < 0) {
      t = new BrentSolver(1e-14, 1e-15).solve(200, x -> excess(g, phi, x), lowest, 1);
    } else if (excess(g, phi, 1) >= 0) {
      t = 1;
    }
    double[] w = minimizer(g, phi, t);
    double length = Math.sqrt(SmallMatrix.quadratic(g, w));
    double[] weights = new double[m];
    for (int i = 0; i < m; i++) {
      weights[i] = mean[i] + phi / length * w[i];
    }
    return weights;
  }

  /** How much longer than t the w' J is that is best for t. */
  private static double excess(double[][] g, double phi, double t) {
    return Math.sqrt(SmallMatrix.quadratic(g, minimizer(g, phi, t))) - t;
  }

  private static double[] minimizer(double[][] g, double phi, double t) {
    int m = g.length;
    double k = t / phi;
    double[] products = SmallMatrix.times(g, Weights.equal(m, 1.0 / m));
    double mean = 0;
    for (double product : products) {
      mean += product / m;
    }
    double[][] shifted = new double[m][m];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < m; j++) {
        shifted[i][j] = g[i][j] + k * (products[i] + products[j]) + k * k * mean;
      }
    }
    return ActiveSet.onSimplex(shifted);
  }
}
