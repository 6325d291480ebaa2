package org.dl4jplus.optim.first.schedule;

/**
 * How many examples the network has seen that this thread is updating. A schedule is a part of the
 * configuration, which the platform copies and reads from files as it likes, so that no listener
 * can hold on to it; but a step's listeners and its updater run on one thread.
 */
public final class SampleCount {

  private static final ThreadLocal<Long> COUNT = new ThreadLocal<>();

  private SampleCount() {}

  /**
   * Sets the count for the step that begins.
   *
   * @param examples examples before the current batch
   */
  public static void set(long examples) {
    COUNT.set(examples);
  }

  /** Ends the step. */
  public static void clear() {
    COUNT.remove();
  }

  /**
   * The count within a step.
   *
   * @param otherwise what to return outside of steps
   * @return examples
   */
  public static long orElse(long otherwise) {
    Long count = COUNT.get();
    return count == null ? otherwise : count;
  }
}
