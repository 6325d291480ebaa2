package org.dl4jplus.optim.zeroth.objective;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Knows which points are better than others, a person for instance, but not by how much. */
@FunctionalInterface
public interface RankingOracle {

  /**
   * Ranks points.
   *
   * @param candidates points of shape [n], not changed
   * @param k how many are asked for, at most as many as there are
   * @return indices of the k best, from 0, the best one first
   */
  int[] topK(List<INDArray> candidates, int k);

  /**
   * Ranks by a function's values.
   *
   * @param objective the function
   * @return the oracle; see {@link #lowest} for ties
   */
  static RankingOracle of(ZoObjective objective) {
    Require.given("objective", objective);
    return (candidates, k) ->
        lowest(candidates.stream().mapToDouble(objective::value).toArray(), k);
  }

  /**
   * The places of the lowest values.
   *
   * @param values any; those that are not finite come last
   * @param k how many are asked for
   * @return indices from 0, the lowest value's first; the lower index first on ties
   */
  static int[] lowest(double[] values, int k) {
    double[] keys =
        Arrays.stream(values).map(v -> Double.isFinite(v) ? v : Double.POSITIVE_INFINITY).toArray();
    return IntStream.range(0, keys.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> keys[i]))
        .limit(k)
        .mapToInt(i -> i)
        .toArray();
  }
}
