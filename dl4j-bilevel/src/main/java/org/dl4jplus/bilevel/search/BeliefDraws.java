package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.dl4jplus.bilevel.linear.Vectors;
import org.dl4jplus.bilevel.search.GaussianProcessGenerator.Model;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.acquisition.BeliefWeights;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.GaussianProcess.Prediction;
import org.dl4jplus.bilevel.search.gp.PriorDraws;
import org.dl4jplus.bilevel.search.gp.SpaceEncoding;
import org.dl4jplus.bilevel.search.gp.StationaryKernel;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;

/**
 * Functions that agree with a user's beliefs, conditioned on the data by Matheron's rule:
 *
 * <pre>{@code
 * f_s(x) + k(x, X)(K + noise I)^-1 (y - f_s(X) - e_s),   e_s ~ N(0, noise)
 * }</pre>
 *
 * <p>The official code keeps draws that it draws again by their weights w, and takes the mean over
 * them: with weights that have become equal, that is expected improvement with the error of a
 * hundred samples. Here the known mean of the unweighted draws takes that error off:
 *
 * <pre>{@code
 * c EI + mean over kept s of (w_s - c)/q_s max(0, f_s - best_s),   q = (w + 1)/2
 * }</pre>
 *
 * where draws are kept in proportion to q, and c = (sum w)^2/(draws sum w^2) is the share of the
 * draws that count. Where all count alike, c = 1 and this is EI; where few do, it is the weighted
 * mean.
 */
final class BeliefDraws {

  private static final double NEAR = 0.01;
  private static final double NEARBY = 0.025;

  private final Beliefs beliefs;
  private final GaussianProcess process;
  private final PriorDraws draws;
  private final double[][] points;
  private final double[][] prior;
  private final int[] kept;
  private final double share;
  private final double[] weights;
  private final double[] differences;
  private final double[][] updates;
  private final double[] best;
  private double[] maxima;

  BeliefDraws(
      Beliefs beliefs,
      SpaceModel space,
      SpaceEncoding encoding,
      Model model,
      boolean minimize,
      SplittableRandom random) {
    this.beliefs = beliefs;
    process = model.process();
    draws =
        new PriorDraws(
            (StationaryKernel) process.kernel(), beliefs.features(), beliefs.draws(), random);
    List<double[]> cube = cube(space, random);
    points = cube.stream().map(encoding::encode).toArray(double[][]::new);
    prior = draws.values(points);
    double[][] compared =
        Arrays.stream(beliefs.compared(space)).map(encoding::encode).toArray(double[][]::new);
    double[][] atCompared = compared.length == 0 ? null : draws.values(compared);
    ToDoubleFunction<double[]> location = beliefs.logPrior(space);
    double[] logBeliefs = new double[prior.length];
    for (int s = 0; s < prior.length; s++) {
      int optimum = GaussianProcessGenerator.argmax(prior[s]);
      double raw = model.scale().invert(prior[s][optimum]);
      logBeliefs[s] =
          location.applyAsDouble(cube.get(optimum))
              + beliefs.logBest(minimize ? -raw : raw)
              + (atCompared == null ? 0 : beliefs.logPreferences(atCompared[s]));
    }
    double[] all = beliefs.weights(logBeliefs, process.size());
    double[] mixed = Arrays.stream(all).map(w -> (w + 1) / 2).toArray();
    share = all.length / Arrays.stream(all).map(w -> w * w).sum();
    int[] counts = resample(mixed, random);
    kept = IntStream.range(0, counts.length).filter(s -> counts[s] > 0).toArray();
    double scale = (double) kept.length / Arrays.stream(counts).sum();
    weights = new double[kept.length];
    differences = new double[kept.length];
    for (int k = 0; k < kept.length; k++) {
      double count = scale * counts[kept[k]] / mixed[kept[k]];
      weights[k] = count * all[kept[k]];
      differences[k] = count * (all[kept[k]] - share);
    }
    updates = new double[kept.length][];
    best = new double[kept.length];
    condition(random);
  }

  /** Where the optima of draws are sought. */
  private List<double[]> cube(SpaceModel space, SplittableRandom random) {
    int count = beliefs.optimumPoints();
    List<double[]> cube = new ArrayList<>();
    int sobol = beliefs.located() ? 2 * count : 5 * count;
    for (double[] point : SobolPoints.draw(sobol, space.size(), random.nextLong())) {
      cube.add(space.snap(point));
    }
    if (beliefs.located()) {
      for (double deviation : new double[] {-1, NEAR, NEARBY}) {
        for (int i = 0; i < count; i++) {
          double[] point = random.doubles(space.size()).toArray();
          cube.add(space.snap(beliefs.spread(space, point, random, deviation)));
        }
      }
    }
    return cube;
  }

  /** How often each draw is drawn again. */
  private int[] resample(double[] all, SplittableRandom random) {
    double[] cumulative = all.clone();
    for (int s = 1; s < all.length; s++) {
      cumulative[s] += cumulative[s - 1];
    }
    int[] counts = new int[all.length];
    int count = (int) Math.ceil(beliefs.fraction() * all.length);
    for (int i = 0; i < count; i++) {
      double u = random.nextDouble() * cumulative[all.length - 1];
      int at = Arrays.binarySearch(cumulative, u);
      counts[Math.min(at < 0 ? -at - 1 : at, all.length - 1)]++;
    }
    return counts;
  }

  private void condition(SplittableRandom random) {
    int n = process.size();
    double[][] features = new double[n][];
    double[] deviations = process.factors();
    for (int i = 0; i < n; i++) {
      features[i] = draws.features(process.point(i));
      deviations[i] = Math.sqrt(process.noise() * deviations[i]);
    }
    for (int k = 0; k < kept.length; k++) {
      double[] rest = new double[n];
      double[] noise = new double[n];
      for (int i = 0; i < n; i++) {
        noise[i] = deviations[i] * random.nextGaussian();
        rest[i] = process.value(i) - draws.value(kept[k], features[i]) - noise[i];
      }
      updates[k] = process.solve(rest);
      best[k] = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        // K update = rest - noise update, so the draw at a known point is
        double value = process.value(i) - noise[i] - deviations[i] * deviations[i] * updates[k][i];
        best[k] = Math.max(best[k], value);
      }
    }
  }

  private double[] values(double[] x) {
    double[] features = draws.features(x);
    double[] covariances = covariances(x);
    double[] values = new double[kept.length];
    for (int k = 0; k < values.length; k++) {
      values[k] = draws.value(kept[k], features) + Vectors.dot(covariances, updates[k]);
    }
    return values;
  }

  private double[] covariances(double[] x) {
    double[] covariances = new double[process.size()];
    Arrays.setAll(covariances, i -> process.kernel().value(x, process.point(i)));
    return covariances;
  }

  /**
   * Expected improvement over the weighted draws.
   *
   * @param x inputs
   * @param plain expected improvement without beliefs
   */
  double improvement(double[] x, double plain) {
    return share * plain + BeliefWeights.improvement(differences, values(x), best);
  }

  /** Max-value entropy: the process's own moments, the weighted maxima of the draws. */
  double entropy(double[] x) {
    if (maxima == null) {
      maxima = best.clone();
      for (int p = 0; p < points.length; p++) {
        double[] covariances = covariances(points[p]);
        for (int k = 0; k < kept.length; k++) {
          double value = prior[kept[k]][p] + Vectors.dot(covariances, updates[k]);
          maxima[k] = Math.max(maxima[k], value);
        }
      }
      double floor = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < process.size(); i++) {
        floor = Math.max(floor, process.value(i) + 5 * Math.sqrt(process.noise()));
      }
      for (int k = 0; k < kept.length; k++) {
        maxima[k] = Math.max(maxima[k], floor);
      }
    }
    Prediction at = process.predict(x);
    double sum = 0;
    double[] one = new double[1];
    for (int k = 0; k < kept.length; k++) {
      one[0] = maxima[k];
      sum += weights[k] * Acquisitions.maxValueEntropy(at.mean(), at.deviation(), one);
    }
    return sum / kept.length;
  }
}
