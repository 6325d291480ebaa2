package org.dl4jplus.integration.golden;

import org.nd4j.linalg.api.buffer.DataType;

/** Runs the project's implementation on one kind of golden file. */
interface GoldenAdapter {

  /**
   * Runs a file.
   *
   * @param file the file
   * @param type precision of the run
   * @param deviation takes every comparison
   */
  void run(GoldenFile file, DataType type, Deviation deviation);
}
