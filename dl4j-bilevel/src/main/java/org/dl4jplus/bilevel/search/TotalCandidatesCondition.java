package org.dl4jplus.bilevel.search;

import org.deeplearning4j.arbiter.optimize.api.termination.TerminationCondition;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Ends a search when so many of its candidates have been heard of, failures and those from before
 * it was resumed included. Arbiter's {@code MaxCandidatesCondition} counts those of the present run
 * alone; a search that is resumed by {@link org.dl4jplus.bilevel.arbiter.SearchCheckpointListener}
 * has this condition in its place.
 *
 * <p>A generator's {@code maxCandidates} with {@link GeneratorExhaustedCondition} differs in that
 * it waits for all candidates that are under way.
 */
public final class TotalCandidatesCondition implements TerminationCondition {

  @JsonProperty private final int maxCandidates;

  /** Candidates heard of before the present run. */
  private transient int before;

  /**
   * Creates the condition.
   *
   * @param maxCandidates how many candidates, at least 1
   * @throws IllegalArgumentException for fewer
   */
  @JsonCreator
  public TotalCandidatesCondition(@JsonProperty("maxCandidates") int maxCandidates) {
    this.maxCandidates = Require.count("maxCandidates", maxCandidates, 1);
  }

  @Override
  public void initialize(IOptimizationRunner runner) {
    if (!(runner.getConfiguration().getCandidateGenerator() instanceof FeedbackGenerator)) {
      throw new IllegalStateException(
          "TotalCandidatesCondition needs a generator of dl4j-bilevel; others do not remember their"
              + " candidates");
    }
    before = heardOf(runner) - ended(runner);
  }

  @Override
  public boolean terminate(IOptimizationRunner runner) {
    // The runner does not count what could not be configured, nor the generator what failed in a
    // task that does not report it.
    return Math.max(heardOf(runner), before + ended(runner)) >= maxCandidates;
  }

  private static int heardOf(IOptimizationRunner runner) {
    FeedbackGenerator generator =
        (FeedbackGenerator) runner.getConfiguration().getCandidateGenerator();
    // Makes it take note of the failures that it was told of.
    generator.isDone();
    return (int)
        generator.trials().stream().filter(t -> t.getStatus() != Trial.Status.PENDING).count();
  }

  private static int ended(IOptimizationRunner runner) {
    return runner.numCandidatesCompleted() + runner.numCandidatesFailed();
  }

  @Override
  public String toString() {
    return "TotalCandidatesCondition(" + maxCandidates + ")";
  }
}
