package org.dl4jplus.bilevel.search.gp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.dl4jplus.bilevel.linear.Vectors;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;

/**
 * Fits hyperparameters: maximises log marginal likelihood plus log prior over their logarithms, by
 * BFGS steps that are projected on the priors' bounds, from several starts.
 *
 * <p>The prior's density is that of the logarithm, so that without data the fit is the median. The
 * specification leaves open which density of the two it means.
 */
final class MapFit {

  private static final int MOST_STEPS = 100;
  private static final int MOST_HALVINGS = 12;
  private static final double SUFFICIENT = 1e-4;
  private static final double FLAT = 1e-4;
  private static final double LEAST_GAIN = 1e-7;

  private final GaussianProcess process;
  private final List<Kernel.Prior> priors;
  private final double[] low;
  private final double[] high;

  /** A point, the negated objective there and its gradient. */
  private record Point(GaussianProcess process, double[] at, double value, double[] gradient) {}

  private MapFit(GaussianProcess process, Kernel.Prior noise) {
    this.process = process;
    priors = new ArrayList<>(process.kernel().priors());
    priors.add(noise);
    low = priors.stream().mapToDouble(p -> Math.log(p.low())).toArray();
    high = priors.stream().mapToDouble(p -> Math.log(p.high())).toArray();
  }

  static GaussianProcess fit(GaussianProcess process, int starts, long seed, Kernel.Prior noise) {
    MapFit fit = new MapFit(process, noise);
    Point best = null;
    double[][] quasiRandom = SobolPoints.draw(Math.max(starts - 1, 1), fit.low.length, seed);
    for (int s = 0; s < starts; s++) {
      double[] start = s == 0 ? process.parameters() : fit.fromPriors(quasiRandom[s - 1]);
      Point end = fit.descend(fit.clamp(start));
      if (best == null || end.value() < best.value()) {
        best = end;
      }
    }
    return best.process();
  }

  private double[] fromPriors(double[] u) {
    NormalDistribution normal = new NormalDistribution(null, 0, 1);
    double[] start = new double[u.length];
    for (int p = 0; p < u.length; p++) {
      Kernel.Prior prior = priors.get(p);
      double z = normal.inverseCumulativeProbability(Math.min(Math.max(u[p], 1e-3), 1 - 1e-3));
      start[p] = Math.log(prior.median()) + prior.deviation() * z;
    }
    return start;
  }

  private double[] clamp(double[] point) {
    double[] clamped = new double[point.length];
    for (int p = 0; p < point.length; p++) {
      clamped[p] = Math.min(Math.max(point[p], low[p]), high[p]);
    }
    return clamped;
  }

  private Point evaluate(double[] at) {
    GaussianProcess moved = process.with(at);
    double value = -moved.logMarginalLikelihood();
    double[] gradient = moved.gradient();
    for (int p = 0; p < at.length; p++) {
      Kernel.Prior prior = priors.get(p);
      double z = (at[p] - Math.log(prior.median())) / prior.deviation();
      value += z * z / 2;
      gradient[p] = -gradient[p] + z / prior.deviation();
    }
    return new Point(moved, at, value, gradient);
  }

  private Point descend(double[] start) {
    Point point = evaluate(start);
    double[][] inverseHessian = null;
    boolean[] held = new boolean[start.length];
    for (int step = 0; step < MOST_STEPS; step++) {
      boolean[] now = held(point);
      if (inverseHessian == null || !Arrays.equals(now, held)) {
        inverseHessian = null;
        held = now;
      }
      if (steepest(point, held) < FLAT) {
        break;
      }
      Point next = inverseHessian == null ? null : search(point, direction(inverseHessian, point));
      if (next == null) {
        inverseHessian = identity(point, held);
        next = search(point, direction(inverseHessian, point));
      }
      if (next == null || point.value() - next.value() < LEAST_GAIN) {
        return next == null ? point : next;
      }
      update(inverseHessian, point, next, held);
      point = next;
    }
    return point;
  }

  /** Which parameters lie at a bound that the gradient would push them across. */
  private boolean[] held(Point point) {
    boolean[] held = new boolean[low.length];
    for (int p = 0; p < held.length; p++) {
      held[p] =
          point.at()[p] <= low[p] && point.gradient()[p] > 0
              || point.at()[p] >= high[p] && point.gradient()[p] < 0;
    }
    return held;
  }

  private static double steepest(Point point, boolean[] held) {
    double steepest = 0;
    for (int p = 0; p < held.length; p++) {
      if (!held[p]) {
        steepest = Math.max(steepest, Math.abs(point.gradient()[p]));
      }
    }
    return steepest;
  }

  /** Scaled so that the first step moves no logarithm by more than 1. */
  private static double[][] identity(Point point, boolean[] held) {
    double scale = 1 / Math.max(1, steepest(point, held));
    double[][] identity = new double[held.length][held.length];
    for (int p = 0; p < held.length; p++) {
      identity[p][p] = held[p] ? 0 : scale;
    }
    return identity;
  }

  private static double[] direction(double[][] inverseHessian, Point point) {
    return Arrays.stream(inverseHessian)
        .mapToDouble(row -> -Vectors.dot(row, point.gradient()))
        .toArray();
  }

  /** Halves the step until it gains enough; null where it never does. */
  private Point search(Point from, double[] direction) {
    double length = 1;
    for (int i = 0; i < MOST_HALVINGS; i++, length /= 2) {
      double[] at = from.at().clone();
      for (int p = 0; p < at.length; p++) {
        at[p] += length * direction[p];
      }
      Point next = evaluate(clamp(at));
      double gain = 0;
      for (int p = 0; p < at.length; p++) {
        gain += from.gradient()[p] * (next.at()[p] - from.at()[p]);
      }
      if (gain < 0 && next.value() <= from.value() + SUFFICIENT * gain) {
        return next;
      }
    }
    return null;
  }

  private static void update(double[][] h, Point from, Point to, boolean[] held) {
    int n = held.length;
    double[] s = new double[n];
    double[] y = new double[n];
    for (int p = 0; p < n; p++) {
      if (!held[p]) {
        s[p] = to.at()[p] - from.at()[p];
        y[p] = to.gradient()[p] - from.gradient()[p];
      }
    }
    double curvature = Vectors.dot(s, y);
    if (curvature <= 1e-10) {
      return;
    }
    double[] hy = Arrays.stream(h).mapToDouble(row -> Vectors.dot(row, y)).toArray();
    double scale = (1 + Vectors.dot(y, hy) / curvature) / curvature;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        h[i][j] += scale * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature;
      }
    }
  }
}
