package org.dl4jplus.privacy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/**
 * Tries candidates in simulations and puts them in order, for one run with the best of them.
 *
 * <p>The comparison looks at data without noise: the final run's epsilon covers the choice only if
 * that data is public.
 */
public final class TanSearch {

  /**
   * A candidate that was tried.
   *
   * @param candidate what was tried, such as a learning rate
   * @param score what came of it
   * @param <T> kind of candidates
   */
  public record Trial<T>(T candidate, double score) {}

  private TanSearch() {}

  /**
   * Runs all candidates.
   *
   * @param simulator of the planned run
   * @param batch expected batch size of the simulations
   * @param candidates what to try, at least one
   * @param run trains with a candidate under the simulation's configuration and gives a score, the
   *     higher the better
   * @param <T> kind of candidates
   * @return the candidates, best first; those whose score is not a number are last
   * @throws IllegalArgumentException without candidates, or for a batch that cannot be simulated
   */
  public static <T> List<Trial<T>> search(
      TanSimulator simulator,
      double batch,
      List<T> candidates,
      ToDoubleBiFunction<T, DpConfig> run) {
    if (candidates.isEmpty()) {
      throw new IllegalArgumentException("candidates must not be empty");
    }
    DpConfig config = simulator.simulateAt(batch);
    List<Trial<T>> trials = new ArrayList<>();
    for (T candidate : candidates) {
      trials.add(new Trial<>(candidate, run.applyAsDouble(candidate, config)));
    }
    trials.sort(
        Comparator.comparingDouble(
            trial -> Double.isNaN(trial.score()) ? Double.POSITIVE_INFINITY : -trial.score()));
    return trials;
  }
}
