package org.dl4jplus.optim.zeroth.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;

/**
 * Copies of a network, one for each thread, on which losses of the same batch are taken at
 * different parameters. No loss depends on the thread that computes it.
 */
public final class NetworkCopies {

  private final List<ModelObjective> copies = new ArrayList<>();

  /**
   * Copies a network.
   *
   * @param objective the network and its batch; not held
   * @param threads how many, at least 1
   */
  public NetworkCopies(ModelObjective objective, int threads) {
    for (int i = 0; i < threads; i++) {
      copies.add(objective.copy());
    }
  }

  /**
   * Number of threads.
   *
   * @return the count
   */
  public int threads() {
    return copies.size();
  }

  /**
   * Does a number of tasks at the network's present parameters and batch. The threads take the
   * tasks one by one, as they get free.
   *
   * @param objective the network that was copied; it counts the losses that the tasks took
   * @param tasks how many
   * @param worker makes what does the tasks of a thread from the thread's copy; a task leaves the
   *     copy's parameters as they were
   */
  public void run(ModelObjective objective, int tasks, Function<ZoProblem, IntConsumer> worker) {
    AtomicInteger next = new AtomicInteger();
    List<Runnable> work = new ArrayList<>();
    long before = losses();
    for (ModelObjective copy : copies) {
      copy.follow(objective);
      IntConsumer own = worker.apply(copy);
      work.add(
          () -> {
            for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
              own.accept(i);
            }
          });
    }
    try {
      Workers.run(work);
    } finally {
      objective.count(losses() - before);
    }
  }

  private long losses() {
    return copies.stream().mapToLong(ModelObjective::evaluations).sum();
  }
}
