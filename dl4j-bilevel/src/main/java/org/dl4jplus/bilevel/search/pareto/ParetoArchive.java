package org.dl4jplus.bilevel.search.pareto;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.updater.Require;

/**
 * What no other dominates, out of all that was offered.
 *
 * @param <T> what the objectives are of
 */
public final class ParetoArchive<T> {

  private final List<T> items = new ArrayList<>();
  private final List<double[]> points = new ArrayList<>();

  /** Creates an empty archive. */
  public ParetoArchive() {}

  /**
   * Offers something.
   *
   * @param item what it is
   * @param objectives its objectives, all to be small
   * @return whether it is among the best now; of equal ones all are
   * @throws IllegalArgumentException for another number of objectives than before, or one that is
   *     not finite
   */
  public boolean add(T item, double[] objectives) {
    Require.count("number of objectives", objectives.length, 1);
    for (double objective : objectives) {
      Require.finite("objective", objective, 0);
    }
    if (!points.isEmpty()) {
      int before = points.get(0).length;
      Require.check(
          objectives.length == before, "number of objectives", objectives.length, "" + before);
    }
    for (double[] point : points) {
      if (ParetoFronts.dominates(point, objectives)) {
        return false;
      }
    }
    for (int i = points.size() - 1; i >= 0; i--) {
      if (ParetoFronts.dominates(objectives, points.get(i))) {
        points.remove(i);
        items.remove(i);
      }
    }
    items.add(item);
    points.add(objectives.clone());
    return true;
  }

  /**
   * What is best.
   *
   * @return in the order in which it came
   */
  public List<T> items() {
    return List.copyOf(items);
  }

  /**
   * Objectives of what is best.
   *
   * @return in the order of {@link #items}: [items, objectives]
   */
  public double[][] points() {
    return points.stream().map(double[]::clone).toArray(double[][]::new);
  }

  /**
   * The volume that the archive covers.
   *
   * @param reference the worst of each objective
   * @return at least 0
   * @throws IllegalArgumentException for another number of objectives than the archive's
   */
  public double hypervolume(double[] reference) {
    return Hypervolume.of(points(), reference);
  }
}
