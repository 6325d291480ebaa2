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
    return overAll(x, x);
  }

  /**
   * The gain over the best of all points.
   *
   * @param evaluated where the process would be observed
   * @param choice what is a choice besides the fixed points
   */
  double overAll(double[] evaluated, double[] choice) {
    int n = points.length;
    Prediction at = process.predict(evaluated);
    Prediction chosen = process.predict(choice);
    double scale = Math.sqrt(at.variance() + process.noise());
    double[] a = means.clone();
    double[] b = new double[n + 1];
    for (int i = 0; i < n; i++) {
      b[i] = process.covariance(points[i], whitened[i], evaluated, at.whitened()) / scale;
    }
    a[n] = chosen.mean();
    b[n] = process.covariance(choice, chosen.whitened(), evaluated, at.whitened()) / scale;
    return Acquisitions.expectedGain(a, b);
  }
}
