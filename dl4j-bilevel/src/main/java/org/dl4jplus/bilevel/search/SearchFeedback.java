package org.dl4jplus.bilevel.search;

/** What a generator hears and says beyond Arbiter's own interface. */
public interface SearchFeedback {

  /**
   * Hears of a candidate that failed, which Arbiter keeps to itself. May be called from any thread;
   * it takes effect when the runner next asks for candidates.
   *
   * @param index number of the candidate
   * @param reason why it failed
   * @param metrics what is known of its cost; null for nothing
   */
  void reportFailure(int index, String reason, SearchMetrics metrics);

  /**
   * Whether there is nothing more to propose and nothing more to hear of.
   *
   * @return true at the end of the search
   */
  boolean isDone();

  /**
   * The direction of the search, which Arbiter does not tell a generator.
   *
   * @return true where small scores are good
   */
  boolean isMinimize();
}
