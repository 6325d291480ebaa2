package org.dl4jplus.privacy.noise;

/**
 * Where a mechanism's random numbers come from: noise and sampling alike. Sources are neither
 * copied nor serialised, since two copies draw the same noise; one belongs to one thread.
 */
public interface NoiseSource {

  /**
   * Draws independent standard normal numbers.
   *
   * @param out takes them, all of it
   */
  void gaussian(double[] out);

  /**
   * Draws 64 independent fair bits.
   *
   * @return the bits
   */
  long bits();

  /**
   * Whether an adversary who knows everything but the drawn numbers cannot tell them from random
   * ones. Without that nothing is private: epsilon is infinite.
   *
   * @return false for sources with a seed
   */
  boolean secure();

  /**
   * Draws a uniform number, a multiple of 2^-53.
   *
   * @return in [0, 1)
   */
  default double uniform() {
    return (bits() >>> 11) * 0x1p-53;
  }

  /**
   * Draws a uniform integer without modulo bias.
   *
   * @param bound above 0
   * @return in [0, bound)
   * @throws IllegalArgumentException if the bound is not above 0
   */
  default long uniform(long bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound = " + bound + " must be above 0");
    }
    // Numbers below 2^63 from the last incomplete run of length bound are drawn again.
    while (true) {
      long bits = bits() >>> 1;
      long value = bits % bound;
      if (bits - value + (bound - 1) >= 0) {
        return value;
      }
    }
  }
}
