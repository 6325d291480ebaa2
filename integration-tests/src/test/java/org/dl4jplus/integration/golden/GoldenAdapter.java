package org.dl4jplus.integration.golden;

/** Runs the project's implementation on one kind of golden file. */
@FunctionalInterface
interface GoldenAdapter {

  /**
   * Runs a file in double precision.
   *
   * @param file the file
   * @param deviation takes every comparison
   */
  void run(GoldenFile file, Deviation deviation);
}
