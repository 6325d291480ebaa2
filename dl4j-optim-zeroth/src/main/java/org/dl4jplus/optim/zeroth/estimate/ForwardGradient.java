package org.dl4jplus.optim.zeroth.estimate;

import java.util.function.UnaryOperator;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The forward gradient: slopes along random directions that are exact, since there is a derivative.
 *
 * <pre>{@code
 * mean over k of (grad f(x) . v_k) v_k
 * }</pre>
 *
 * Here the slope is taken from a whole gradient, so that this is to study the estimator, not to
 * save a backward pass. It is not written to JSON or to a stream, as the derivative cannot be.
 *
 * <p>Source: Atilim Gunes Baydin, Barak A. Pearlmutter, Don Syme, Frank Wood, Philip Torr,
 * "Gradients without Backpropagation", arXiv 2202.08587, 2022.
 */
public final class ForwardGradient extends GradientEstimator {

  private final transient UnaryOperator<double[]> derivative;
  private final int queries;

  /**
   * An estimator.
   *
   * @param derivative the gradient at a point; must not change its argument
   * @param queries number of directions, at least 1
   */
  public ForwardGradient(UnaryOperator<double[]> derivative, int queries) {
    if (derivative == null) {
      throw new IllegalArgumentException("derivative must be given");
    }
    this.derivative = derivative;
    this.queries = Require.count("queries", queries, 1);
  }

  @Override
  protected double[] gradient(Probe probe) {
    probe.base();
    double[] exact = derivative.apply(probe.point());
    double[] sum = new double[exact.length];
    for (int k = 0; k < queries; k++) {
      double[] v = probe.direction(k);
      double slope = 0;
      for (int i = 0; i < v.length; i++) {
        slope += exact[i] * v[i];
      }
      add(sum, slope / queries, v);
    }
    return sum;
  }
}
