package org.dl4jplus.privacy.factorization;

/** Independent standard normal numbers that can be drawn again by their index. */
@FunctionalInterface
public interface IndexedNoise {

  /**
   * Draws the numbers of an index; the same ones for the same index and length.
   *
   * @param index which
   * @param out takes them, all of it
   */
  void gaussian(long index, double[] out);
}
