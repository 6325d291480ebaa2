package org.dl4jplus.bilevel;

/** Which batches a step works on. */
public interface Batches {

  /**
   * Draws a batch of the upper problem.
   *
   * @param use what for: a name of the algorithm's for the estimate
   * @return number of the batch, or {@link org.dl4jplus.bilevel.problem.BilevelProblem#ALL}
   */
  int upper(String use);

  /**
   * Draws a batch of the lower problem.
   *
   * @param use what for: a name of the algorithm's for the estimate
   * @return number of the batch, or {@link org.dl4jplus.bilevel.problem.BilevelProblem#ALL}
   */
  int lower(String use);
}
