package org.dl4jplus.bilevel.arbiter;

import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.TaskCreator;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;

/** Arbiter's runner but for the second that it waits for a result before its first candidate. */
final class PromptRunner extends LocalOptimizationRunner {

  PromptRunner(OptimizationConfiguration configuration, TaskCreator tasks) {
    super(configuration, tasks);
    completedFutures = new Completed();
  }

  private final class Completed extends LinkedBlockingQueue<Future<OptimizationResult>> {
    private static final long serialVersionUID = 1L;

    @Override
    public Future<OptimizationResult> poll(long timeout, TimeUnit unit)
        throws InterruptedException {
      return queuedFutures.isEmpty() ? poll() : super.poll(timeout, unit);
    }
  }
}
