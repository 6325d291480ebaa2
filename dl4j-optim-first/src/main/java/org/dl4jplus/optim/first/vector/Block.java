package org.dl4jplus.optim.first.vector;

/** A stretch of an array's memory held in a primitive array. */
interface Block {

  /**
   * Points the block at a stretch.
   *
   * @param memory where the numbers live; null for scratch space
   * @param start first entry
   * @param length number of entries
   */
  void bind(Memory memory, long start, int length);

  /** Writes the numbers back if they were changed. */
  void flush();
}
