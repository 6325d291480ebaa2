package org.dl4jplus.bilevel.search;

import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.termination.TerminationCondition;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;

/**
 * Ends a run when its {@link SearchFeedback generator} has nothing more to propose and has heard of
 * all its candidates. Arbiter's runner takes "no more candidates" for "not now" and goes on
 * polling, so a search that ends by itself needs this condition.
 */
public final class GeneratorExhaustedCondition implements TerminationCondition {

  /** Creates the condition. */
  public GeneratorExhaustedCondition() {}

  @Override
  public void initialize(IOptimizationRunner runner) {
    if (!(runner.getConfiguration().getCandidateGenerator() instanceof SearchFeedback)) {
      throw new IllegalStateException(
          "GeneratorExhaustedCondition needs a generator of dl4j-bilevel; others do not say that they"
              + " are done");
    }
  }

  @Override
  public boolean terminate(IOptimizationRunner runner) {
    CandidateGenerator generator = runner.getConfiguration().getCandidateGenerator();
    return generator instanceof SearchFeedback feedback && feedback.isDone();
  }

  @Override
  public String toString() {
    return "GeneratorExhaustedCondition()";
  }
}
