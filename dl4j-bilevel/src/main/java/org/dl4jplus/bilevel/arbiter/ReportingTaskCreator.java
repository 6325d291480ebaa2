package org.dl4jplus.bilevel.arbiter;

import java.util.concurrent.Callable;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.TaskCreator;
import org.dl4jplus.optim.first.updater.Require;

/**
 * Makes the failures of another creator's tasks heard, as {@link SearchTaskCreator} describes.
 * Needed around creators that are not of this package:
 *
 * <pre>{@code
 * new LocalOptimizationRunner(configuration, new ReportingTaskCreator(new MyTaskCreator()));
 * }</pre>
 *
 * Listeners may hear twice of a candidate whose score is not finite: from the task that it is
 * complete, then from here that it failed.
 */
public final class ReportingTaskCreator extends SearchTaskCreator {

  private final TaskCreator inner;

  /**
   * Wraps a creator.
   *
   * @param inner makes the tasks
   * @throws IllegalArgumentException without one
   */
  public ReportingTaskCreator(TaskCreator inner) {
    this.inner = Require.given("inner", inner);
  }

  @Override
  @SuppressWarnings("deprecation")
  protected OptimizationResult run(SearchTask task) throws Exception {
    Callable<OptimizationResult> made =
        task.dataSource() != null
            ? inner.create(
                task.candidate(),
                task.dataSource(),
                task.dataSourceProperties(),
                task.scoreFunction(),
                task.listeners(),
                task.runner())
            : inner.create(
                task.candidate(),
                task.dataProvider(),
                task.scoreFunction(),
                task.listeners(),
                task.runner());
    return made.call();
  }
}
