package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Function;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.serde.jackson.JsonMapper;

/** Searches without a runner, and the check that one read from JSON goes on as it would have. */
public final class Resume {

  private Resume() {}

  public static FeedbackGenerator copy(FeedbackGenerator generator) throws Exception {
    return JsonMapper.getMapper()
        .readValue(JsonMapper.getMapper().writeValueAsString(generator), generator.getClass());
  }

  public static void report(
      FeedbackGenerator generator, Candidate<?> candidate, Double score, SearchMetrics metrics) {
    generator.reportResults(
        new OptimizationResult(candidate, score, candidate.getIndex(), metrics, null, null));
  }

  /** Runs up to so many candidates, one after the other. */
  public static void run(
      FeedbackGenerator generator, int count, Function<Candidate<?>, Double> score) {
    for (int i = 0; i < count && generator.hasMoreCandidates(); i++) {
      Candidate<?> candidate = generator.getCandidate();
      report(generator, candidate, score.apply(candidate), null);
    }
  }

  /**
   * Reads the search from JSON after each of its candidates while two are on their way, and holds
   * what both propose next against each other.
   */
  public static void check(
      FeedbackGenerator generator, int count, Function<Candidate<?>, SearchMetrics> task)
      throws Exception {
    Queue<Candidate<?>> running = new ArrayDeque<>();
    for (int i = 0; i < count; i++) {
      FeedbackGenerator resumed = copy(generator);
      for (Candidate<?> before : running) {
        same(before, resumed.getCandidate());
      }
      assertEquals(generator.hasMoreCandidates(), resumed.hasMoreCandidates());
      assertEquals(generator.isDone(), resumed.isDone());
      if (generator.hasMoreCandidates()) {
        running.add(generator.getCandidate());
        same(((ArrayDeque<Candidate<?>>) running).getLast(), resumed.getCandidate());
      }
      if (running.size() == 2 || !generator.hasMoreCandidates()) {
        Candidate<?> ended = running.poll();
        if (ended == null) {
          return;
        }
        SearchMetrics metrics = task.apply(ended);
        report(generator, ended, metrics.getObjectives()[0], metrics);
      }
    }
  }

  private static void same(Candidate<?> one, Candidate<?> two) {
    assertEquals(one.getIndex(), two.getIndex());
    assertEquals(one.getDataParameters(), two.getDataParameters());
    assertArrayEquals(one.getFlatParameters(), two.getFlatParameters());
    assertEquals(String.valueOf(one.getValue()), String.valueOf(two.getValue()));
  }
}
