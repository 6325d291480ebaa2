package org.dl4jplus.integration.bench;

import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Puts the same numbers into an array again and again: an updater turns its gradient into the
 * update in place, and the update of an update would soon be 0. Allocates nothing, so that what a
 * profiler sees is the updater's.
 */
final class Refill {

  private final INDArray target;
  private final INDArray source;
  private final Pointer to;
  private final Pointer from;
  private final long bytes;

  /**
   * Keeps the numbers that an array has now.
   *
   * @param target the array, dense and from the start of its buffer, in the memory of the CPU
   */
  Refill(INDArray target) {
    this.target = target;
    source = target.dup();
    to = target.data().pointer();
    from = source.data().pointer();
    bytes = target.length() * target.data().getElementSize();
  }

  void run() {
    Pointer.memcpy(to, from, bytes);
  }

  INDArray target() {
    return target;
  }
}
