package org.dl4jplus.integration.contract;

import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.parallelism.trainer.DefaultTrainer;
import org.nd4j.linalg.dataset.DataSet;

/**
 * The same minibatch several times, from when all workers of a ParallelWrapper wait for it. The
 * first worker trains the network itself, and the others copy its parameters when their threads
 * start. Where that is after its first step they are a step ahead for good, and what workers make
 * of the same data is not what one network does, whatever the layers.
 */
final class WhenWorkersWait extends ExistingDataSetIterator {

  private static final long PATIENCE = TimeUnit.MINUTES.toNanos(2);

  private final int workers;
  private boolean waited;

  WhenWorkersWait(int workers, DataSet data, int count) {
    super(Collections.nCopies(count, data));
    this.workers = workers;
  }

  @Override
  public DataSet next() {
    long end = System.nanoTime() + PATIENCE;
    while (!waited) {
      waited = waiting() == workers;
      if (System.nanoTime() > end) {
        throw new AssertionError(waiting() + " workers wait for data, not " + workers);
      }
    }
    return super.next();
  }

  private static long waiting() {
    return Thread.getAllStackTraces().values().stream()
        .filter(
            trace -> isIn(trace, DefaultTrainer.class) && isIn(trace, LinkedBlockingQueue.class))
        .count();
  }

  private static boolean isIn(StackTraceElement[] trace, Class<?> type) {
    return Arrays.stream(trace).anyMatch(frame -> frame.getClassName().equals(type.getName()));
  }
}
