package org.dl4jplus.privacy.local;

import org.dl4jplus.privacy.noise.NoiseSource;

/**
 * A coin whose probability of heads is a multiple of 2^-53 and never below the one asked for.
 *
 * <p>Protocols toss it for what goes wrong: then every ratio of probabilities is at most the one
 * that they were made for. The margin covers the rounding of a dozen operations on doubles.
 *
 * @param heads how many of the 2^53 draws are heads
 */
record Coin(long heads) {

  static final long DRAWS = 1L << 53;

  private static final double MARGIN = 1 + 0x1p-49;

  static Coin atLeast(double probability) {
    return new Coin((long) Math.ceil(probability * MARGIN * DRAWS));
  }

  boolean toss(NoiseSource noise) {
    return noise.bits() >>> 11 < heads;
  }
}
