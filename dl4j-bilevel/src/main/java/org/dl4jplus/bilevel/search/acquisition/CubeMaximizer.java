package org.dl4jplus.bilevel.search.acquisition;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.bilevel.search.Dimension;
import org.dl4jplus.bilevel.search.SpaceModel;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;

/**
 * Maximises a function of a search space: 1,024 Sobol points and 256 Gaussian perturbations
 * (standard deviation 0.05; in other than continuous dimensions a step to a neighbouring or another
 * value) of given good points, then a pattern search of 50 evaluations from each of the best 5. All
 * points lie at the centres of cells.
 */
public final class CubeMaximizer {

  /** How many good points are perturbed, and how many are improved. */
  public static final int BEST = 5;

  private static final int PERTURBATIONS = 256;
  private static final int EVALUATIONS = 50;
  private static final double DEVIATION = 0.05;
  private static final double STEP = 0.04;
  private static final double LEAST_STEP = 1e-4;
  private static final double MOVE = 0.3;

  private final SpaceModel space;
  private final ToDoubleFunction<double[]> function;
  private final Predicate<double[]> excluded;
  private final SplittableRandom random;

  /**
   * A point and what the function makes of it.
   *
   * @param point coordinates in the unit cube
   * @param value the function there
   */
  public record Found(double[] point, double value) {}

  /**
   * Sets up a maximisation.
   *
   * @param space what to search
   * @param function what is maximised; NaN counts as the worst
   * @param excluded points that are not wanted, such as those already evaluated
   * @param random to draw from
   */
  public CubeMaximizer(
      SpaceModel space,
      ToDoubleFunction<double[]> function,
      Predicate<double[]> excluded,
      SplittableRandom random) {
    this.space = space;
    this.function = function;
    this.excluded = excluded;
    this.random = random;
  }

  /**
   * Searches.
   *
   * @param sobol how many Sobol points to try
   * @param good points to perturb, the best first; {@value #BEST} of them are used
   * @return the best point found; null where all points are excluded
   */
  public Found maximize(int sobol, List<double[]> good) {
    return maximize(sobol, good, BEST);
  }

  /**
   * Searches.
   *
   * @param sobol how many Sobol points to try
   * @param good points to perturb, the best first; {@value #BEST} of them are used
   * @param starts from how many of the best points to go on
   * @return the best point found; null where all points are excluded
   */
  public Found maximize(int sobol, List<double[]> good, int starts) {
    List<Found> found = new ArrayList<>();
    for (double[] point : SobolPoints.draw(sobol, space.size(), random.nextLong())) {
      found.add(evaluate(point));
    }
    int centres = Math.min(good.size(), BEST);
    for (int i = 0; centres > 0 && i < PERTURBATIONS; i++) {
      found.add(evaluate(perturbed(good.get(i % centres))));
    }
    found.removeIf(Objects::isNull);
    found.sort(Comparator.comparingDouble(Found::value).reversed());
    Found best = null;
    for (Found start : found.subList(0, Math.min(starts, found.size()))) {
      Found end = improved(start);
      if (best == null || end.value() > best.value()) {
        best = end;
      }
    }
    return best;
  }

  /** Null for an excluded point. */
  private Found evaluate(double[] raw) {
    double[] point = space.snap(raw);
    if (excluded.test(point)) {
      return null;
    }
    double value = function.applyAsDouble(point);
    return new Found(point, Double.isNaN(value) ? Double.NEGATIVE_INFINITY : value);
  }

  private double[] perturbed(double[] centre) {
    double[] point = centre.clone();
    for (int d = 0; d < point.length; d++) {
      Dimension dimension = space.dimensions().get(d);
      if (dimension.kind() == Dimension.Kind.CONTINUOUS) {
        point[d] += DEVIATION * random.nextGaussian();
      } else if (random.nextDouble() < MOVE) {
        int[] neighbours = neighbours(dimension, point[d]);
        if (neighbours.length > 0) {
          point[d] = dimension.centre(neighbours[random.nextInt(neighbours.length)]);
        }
      }
    }
    return point;
  }

  /** The values next to a number, or all other values of a category. */
  private static int[] neighbours(Dimension dimension, double u) {
    int cell = dimension.cell(u);
    int[] all = new int[dimension.cells()];
    Arrays.setAll(all, i -> i);
    return Arrays.stream(all)
        .filter(
            c ->
                c != cell
                    && (dimension.kind() == Dimension.Kind.CATEGORICAL || Math.abs(c - cell) == 1))
        .toArray();
  }

  /** Coordinate by coordinate, up and down; where nothing helps, with half the step. */
  private Found improved(Found start) {
    Found best = start;
    double step = STEP;
    int left = EVALUATIONS;
    while (left > 0 && step >= LEAST_STEP) {
      double before = best.value();
      for (int d = 0; d < best.point().length && left > 0; d++) {
        for (double u : moves(space.dimensions().get(d), best.point()[d], step)) {
          double[] point = best.point().clone();
          point[d] = u;
          Found found = evaluate(point);
          left--;
          if (found != null && found.value() > best.value()) {
            best = found;
            break;
          }
        }
      }
      if (best.value() <= before) {
        step /= 2;
      }
    }
    return best;
  }

  private static double[] moves(Dimension dimension, double u, double step) {
    if (dimension.kind() == Dimension.Kind.CONTINUOUS) {
      return new double[] {u + step, u - step};
    }
    return Arrays.stream(neighbours(dimension, u)).mapToDouble(dimension::centre).toArray();
  }
}
