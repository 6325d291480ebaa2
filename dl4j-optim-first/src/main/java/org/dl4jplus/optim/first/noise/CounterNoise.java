package org.dl4jplus.optim.first.noise;

/**
 * Random numbers by position: the number at an index of a seed's stream is a function of the two,
 * so any part of a stream can be made again at any time.
 */
public final class CounterNoise {

  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private CounterNoise() {}

  /**
   * A seed for one purpose, from a base seed and keys.
   *
   * @param base base seed
   * @param keys what tells the purpose from others, such as an iteration and a worker
   * @return the seed
   */
  public static long deriveSeed(long base, long... keys) {
    long h = mix(base + GAMMA);
    for (long key : keys) {
      h = mix((h ^ key) + GAMMA);
    }
    return h;
  }

  /**
   * A uniform number.
   *
   * @param seed derived seed
   * @param index position in the seed's stream
   * @return a number in [0, 1)
   */
  public static double uniform(long seed, long index) {
    return (mix(seed + (index + 1) * GAMMA) >>> 11) * 0x1.0p-53;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
