package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.dl4jplus.bilevel.search.SearchMetrics;

/** Runs searches without Arbiter's runner, so that nothing depends on threads. */
final class Searches {

  private Searches() {}

  /**
   * Runs a search on one worker.
   *
   * @return the best score after each candidate, small scores being good
   */
  static double[] bestSoFar(
      CandidateGenerator generator, int candidates, ToDoubleFunction<Object> score) {
    double[] best = new double[candidates];
    for (int i = 0; i < candidates; i++) {
      Candidate<?> candidate = generator.getCandidate();
      double value = score.applyAsDouble(candidate.getValue());
      report(generator, candidate, value, null);
      best[i] = i == 0 ? value : Math.min(best[i - 1], value);
    }
    return best;
  }

  /** Tells a search of an evaluated candidate. */
  static void report(
      CandidateGenerator generator, Candidate<?> candidate, double score, SearchMetrics metrics) {
    generator.reportResults(
        new OptimizationResult(candidate, score, candidate.getIndex(), metrics, null, null));
  }

  /** The median of a figure over seeds 1, 2, .. */
  static double median(int seeds, IntToDoubleFunction figure) {
    return median(IntStream.rangeClosed(1, seeds).mapToDouble(figure).toArray());
  }

  /** The median; of an even number of values the mean of the two in the middle. */
  static double median(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  /** The first candidate, counted from 1, that is as good as a score; one more than all if none. */
  static int reaches(double[] bestSoFar, double score) {
    int i = 0;
    while (i < bestSoFar.length && bestSoFar[i] > score) {
      i++;
    }
    return i + 1;
  }

  /** A function of points as a score of candidates. */
  static ToDoubleFunction<Object> points(Function<double[], Double> function) {
    return value -> function.apply((double[]) value);
  }
}
