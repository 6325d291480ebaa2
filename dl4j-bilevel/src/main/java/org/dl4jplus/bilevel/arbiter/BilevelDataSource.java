package org.dl4jplus.bilevel.arbiter;

import org.deeplearning4j.arbiter.optimize.api.data.DataSource;

/**
 * The data of bilevel runs: the lower problem trains on {@link #trainData}, the upper one validates
 * on {@link #validationData}, and the run is scored on {@link #testData}, which neither has seen.
 */
public interface BilevelDataSource extends DataSource {

  /**
   * The data of the upper problem.
   *
   * @return an iterator or a factory of iterators; none of the test data
   */
  Object validationData();
}
