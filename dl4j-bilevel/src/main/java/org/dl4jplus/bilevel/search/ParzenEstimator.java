package org.dl4jplus.bilevel.search;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.noise.NormalTail;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A density over the unit cube from points observed in it: a mixture with one component for each
 * point, in the order of time, and the prior as the last one.
 *
 * <pre>{@code
 * weights   age weights of the points and 1 for the prior, normalised
 * numbers   normal(mu, sigma) truncated to [0, 1]; the prior: mu = 1/2, sigma = 1
 *           sigma = the larger gap to the neighbours among all mu (the outermost: the inner gap)
 *                or 0.2 n^(-1/(d + 4)) where d coordinates are looked at together
 *           clipped to [1/min(100, 1 + #mu), 1]
 * integers  the mass of the value's cell
 * classes   (1 + w) on the point's own, w = 1/(n + 1) on the others, normalised; the prior: uniform
 * }</pre>
 *
 * <p>The numbers follow Optuna 3.1 but for one: its log density lacks {@code -log sigma}, so that
 * it does not integrate to 1 and favours wide components.
 *
 * <p>J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl: "Algorithms for Hyper-Parameter Optimization",
 * NeurIPS 2011; S. Watanabe: "Tree-Structured Parzen Estimator: Understanding Its Algorithm
 * Components and Their Roles for Better Empirical Performance", arXiv 2304.11127 (2023).
 */
public final class ParzenEstimator {

  private static final int RECENT = 25;
  private static final double LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

  private final List<Dimension> dimensions;
  private final double[] weights;
  private final double[][] means;
  private final double[][] sigmas;
  private final double[][] logNormalizers;
  private final double[][][] probabilities;

  /**
   * Places the components.
   *
   * @param dimensions the coordinates
   * @param points observed ones in the order of time, the oldest first: [n, coordinates]
   * @param joint whether the widths are those for coordinates looked at together
   * @throws IllegalArgumentException for a point of another length
   */
  public ParzenEstimator(List<Dimension> dimensions, List<double[]> points, boolean joint) {
    for (double[] point : points) {
      Require.check(
          point.length == dimensions.size(),
          "coordinates of a point",
          point.length,
          "those of the space: " + dimensions.size());
    }
    this.dimensions = List.copyOf(dimensions);
    int n = points.size();
    weights = Arrays.copyOf(ageWeights(n), n + 1);
    weights[n] = 1;
    double sum = Arrays.stream(weights).sum();
    for (int i = 0; i <= n; i++) {
      weights[i] /= sum;
    }
    int size = dimensions.size();
    means = new double[size][];
    sigmas = new double[size][];
    logNormalizers = new double[size][];
    probabilities = new double[size][][];
    long free = dimensions.stream().filter(d -> !d.fixed()).count();
    for (int d = 0; d < size; d++) {
      int coordinate = d;
      double[] values = points.stream().mapToDouble(p -> p[coordinate]).toArray();
      if (dimensions.get(d).kind() == Dimension.Kind.CATEGORICAL) {
        probabilities[d] = classes(dimensions.get(d), values);
      } else {
        means[d] = Arrays.copyOf(values, n + 1);
        means[d][n] = 0.5;
        sigmas[d] = joint ? widths(n, free) : gaps(means[d]);
        double least = 1.0 / Math.min(100, 2 + n);
        logNormalizers[d] = new double[n + 1];
        for (int i = 0; i <= n; i++) {
          sigmas[d][i] = i == n ? 1 : Math.min(Math.max(sigmas[d][i], least), 1);
          logNormalizers[d][i] =
              logMass(-means[d][i] / sigmas[d][i], (1 - means[d][i]) / sigmas[d][i]);
        }
      }
    }
  }

  /**
   * Weights of observations by their age, before they are normalised: the 25 latest have weight 1,
   * those before rise evenly from {@code 1/n} to 1.
   *
   * @param n number of observations, at least 0
   * @return their weights, the oldest first
   * @throws IllegalArgumentException for a negative number
   */
  public static double[] ageWeights(int n) {
    double[] weights = new double[Require.atLeast("n", n, 0, 0)];
    Arrays.fill(weights, 1);
    int old = n - RECENT;
    double step = (1 - 1.0 / n) / (old - 1);
    for (int i = 0; i < old; i++) {
      weights[i] = i == 0 ? 1.0 / n : 1.0 / n + i * step;
    }
    return weights;
  }

  private static double[] widths(int n, long free) {
    double[] widths = new double[n + 1];
    Arrays.fill(widths, 0.2 * Math.pow(Math.max(n, 1), -1.0 / (free + 4)));
    return widths;
  }

  private static double[] gaps(double[] means) {
    int count = means.length;
    int[] order =
        IntStream.range(0, count)
            .boxed()
            .sorted((a, b) -> Double.compare(means[a], means[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] gaps = new double[count];
    for (int i = 0; i < count; i++) {
      double left = i == 0 ? 0 : means[order[i]] - means[order[i - 1]];
      double right = i == count - 1 ? 0 : means[order[i + 1]] - means[order[i]];
      gaps[order[i]] = Math.max(left, right);
    }
    return gaps;
  }

  private static double[][] classes(Dimension dimension, double[] values) {
    int n = values.length;
    double[][] rows = new double[n + 1][dimension.cells()];
    double prior = 1.0 / (n + 1);
    double sum = 1 + dimension.cells() * prior;
    for (int i = 0; i < n; i++) {
      Arrays.fill(rows[i], prior / sum);
      rows[i][dimension.cell(values[i])] = (1 + prior) / sum;
    }
    Arrays.fill(rows[n], 1.0 / dimension.cells());
    return rows;
  }

  /**
   * Weights of the components.
   *
   * @return they sum to 1, the prior's last
   */
  public double[] weights() {
    return weights.clone();
  }

  /**
   * Middles of the components.
   *
   * @param dimension a coordinate of numbers
   * @return in [0, 1], the prior's last
   */
  public double[] means(int dimension) {
    return means[dimension].clone();
  }

  /**
   * Widths of the components.
   *
   * @param dimension a coordinate of numbers
   * @return in (0, 1], the prior's last
   */
  public double[] sigmas(int dimension) {
    return sigmas[dimension].clone();
  }

  /**
   * Probabilities of the classes.
   *
   * @param dimension a coordinate of classes
   * @return [components, classes], the prior's last; rows sum to 1
   */
  public double[][] probabilities(int dimension) {
    return Arrays.stream(probabilities[dimension]).map(double[]::clone).toArray(double[][]::new);
  }

  /**
   * Draws a point.
   *
   * @param random to draw from
   * @return coordinates in [0, 1]; of integers and classes the centres of their cells
   */
  public double[] sample(SplittableRandom random) {
    int component = draw(weights, random);
    double[] point = new double[dimensions.size()];
    for (int d = 0; d < point.length; d++) {
      Dimension dimension = dimensions.get(d);
      if (dimension.kind() == Dimension.Kind.CATEGORICAL) {
        point[d] = dimension.centre(draw(probabilities[d][component], random));
      } else {
        // At least a third of the draws fall into the interval: mu lies in it, sigma is at most 1.
        do {
          point[d] = means[d][component] + sigmas[d][component] * random.nextGaussian();
        } while (point[d] < 0 || point[d] > 1);
        point[d] = dimension.cells() == 0 ? point[d] : dimension.snap(point[d]);
      }
    }
    return point;
  }

  private static int draw(double[] probabilities, SplittableRandom random) {
    double left = random.nextDouble();
    for (int i = 0; i < probabilities.length - 1; i++) {
      left -= probabilities[i];
      if (left < 0) {
        return i;
      }
    }
    return probabilities.length - 1;
  }

  /**
   * The logarithm of the density; of the probability in coordinates of integers and classes.
   *
   * @param point coordinates in [0, 1]
   * @return a finite number
   */
  public double logDensity(double[] point) {
    double[] logs = new double[weights.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = Math.log(weights[i]);
      for (int d = 0; d < point.length; d++) {
        logs[i] += logDensity(i, d, point[d]);
      }
    }
    double most = Arrays.stream(logs).max().orElseThrow();
    return most + Math.log(Arrays.stream(logs).map(l -> Math.exp(l - most)).sum());
  }

  private double logDensity(int component, int d, double u) {
    Dimension dimension = dimensions.get(d);
    if (dimension.kind() == Dimension.Kind.CATEGORICAL) {
      return Math.log(probabilities[d][component][dimension.cell(u)]);
    }
    double sigma = sigmas[d][component];
    double z = (u - means[d][component]) / sigma;
    if (dimension.cells() == 0) {
      return -z * z / 2 - LOG_SQRT_2PI - Math.log(sigma) - logNormalizers[d][component];
    }
    double half = 0.5 / dimension.cells() / sigma;
    return logMass(z - half, z + half) - logNormalizers[d][component];
  }

  /** log P[low < Z <= high], also far out in a tail. */
  private static double logMass(double low, double high) {
    if (low > 0) {
      return logMass(-high, -low);
    }
    double upper = NormalTail.logCdf(high);
    return upper + Math.log1p(-Math.exp(NormalTail.logCdf(low) - upper));
  }
}
