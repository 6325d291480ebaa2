package org.dl4jplus.bilevel.search;

import java.util.Arrays;
import java.util.List;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.GaussianProcess.Prediction;

/**
 * By how much the largest posterior mean over some points, and a new one, is expected to grow when
 * the new one is evaluated:
 *
 * <pre>{@code
 * E max over i of (mean_i + sigma_i Z) - max over i of mean_i
 * sigma_i = Cov(f_i, f_x)/sqrt(Var(f_x) + noise)
 * }</pre>
 */
final class PosteriorGain {

  private final GaussianProcess process;
  private final double[][] points;
  private final double[][] whitened;
  private final double[] means;
  private final double present;

  PosteriorGain(GaussianProcess process, List<double[]> points) {
    this.process = process;
    int n = points.size();
    this.points = points.toArray(double[][]::new);
    whitened = new double[n][];
    means = new double[n + 1];
    for (int i = 0; i < n; i++) {
      Prediction at = process.predict(this.points[i]);
      whitened[i] = at.whitened();
      means[i] = at.mean();
    }
    present = Arrays.stream(means, 0, n).max().orElseThrow();
  }

  /** The gain over the best of the fixed points where the new one is a choice afterwards. */
  double overPresent(double[] x) {
    return Math.max(process.predict(x).mean() - present, 0) + overAll(x);
  }

  /** The gain over the best of all points, the new one among them. */
  double overAll(double[] x) {
    Prediction at = process.predict(x);
    double scale = Math.sqrt(at.variance() + process.noise());
    double[] a = means.clone();
    double[] b = slopes(x, at, scale);
    a[points.length] = at.mean();
    b[points.length] = at.variance() / scale;
    return Acquisitions.expectedGain(a, b);
  }

  /** The gain where the new point is no choice, as one of low fidelity is not. */
  double ofOthers(double[] x) {
    Prediction at = process.predict(x);
    double[] b = slopes(x, at, Math.sqrt(at.variance() + process.noise()));
    return Acquisitions.expectedGain(
        Arrays.copyOf(means, points.length), Arrays.copyOf(b, points.length));
  }

  private double[] slopes(double[] x, Prediction at, double scale) {
    double[] b = new double[points.length + 1];
    for (int i = 0; i < points.length; i++) {
      b[i] = process.covariance(points[i], whitened[i], x, at.whitened()) / scale;
    }
    return b;
  }
}
