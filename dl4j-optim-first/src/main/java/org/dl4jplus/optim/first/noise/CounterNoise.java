package org.dl4jplus.optim.first.noise;

import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * A counter-based noise stream: entry i of the random vector of a seed is a pure function of (seed,
 * i). It can be computed alone, in any order, on any thread, machine or backend, and always to the
 * same bits, so that a direction need not be stored or sent.
 *
 * <p>All arithmetic is modulo 2^64 on SplitMix64's finaliser:
 *
 * <pre>{@code
 * mix(z):  z ^= z>>>30; z *= 0xBF58476D1CE4E5B9; z ^= z>>>27; z *= 0x94D049BB133111EB; z ^= z>>>31
 * word(seed, w) = mix(seed + (w+1)*G),  G = 0x9E3779B97F4A7C15
 * deriveSeed(base, k1, k2, ...):  h = mix(base + G);  for each k: h = mix((h xor k) + G)
 * }</pre>
 *
 * <p>Seeds are to be derived, never used raw: neighbouring raw seeds share words. Seeds and indices
 * have 64 bits.
 *
 * <p>G. L. Steele, D. Lea, C. H. Flood: "Fast Splittable Pseudorandom Number Generators" (2014); G.
 * E. P. Box, M. E. Muller: "A Note on the Generation of Random Normal Deviates" (1958).
 */
public final class CounterNoise {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
  private static final double UNIT = 0x1p-53;

  /** What an entry is drawn from; all but UNIFORM have mean 0 and variance 1. */
  public enum Distribution {
    /** -1 or 1 with equal probability: one bit an entry. */
    RADEMACHER {
      @Override
      double at(long seed, long index) {
        return (word(seed, index >>> 6) >>> (index & 63) & 1) == 1 ? 1 : -1;
      }
    },
    /**
     * The quantiles (j + 1/2)/65536 of the normal distribution, scaled to variance 1 and drawn by
     * 16 bits an entry; no entry is beyond 4.325. Several times cheaper than {@link #GAUSSIAN}.
     */
    GAUSSIAN_TABLE {
      @Override
      double at(long seed, long index) {
        return Table.QUANTILES[(int) (word(seed, index >>> 2) >>> 16 * (index & 3)) & 0xFFFF];
      }
    },
    /** Normal by Box-Muller, two words for two entries. */
    GAUSSIAN {
      @Override
      double at(long seed, long index) {
        long k = index >>> 1;
        double u1 = ((word(seed, 2 * k) >>> 11) + 1) * UNIT;
        double u2 = (word(seed, 2 * k + 1) >>> 11) * UNIT;
        double radius = Math.sqrt(-2 * StrictMath.log(u1));
        double angle = 2 * Math.PI * u2;
        return radius * ((index & 1) == 0 ? StrictMath.cos(angle) : StrictMath.sin(angle));
      }
    },
    /** Uniform in [0, 1), 53 bits, one word an entry. */
    UNIFORM {
      @Override
      double at(long seed, long index) {
        return (word(seed, index) >>> 11) * UNIT;
      }
    };

    abstract double at(long seed, long index);
  }

  /** Made at the first use of GAUSSIAN_TABLE. */
  private static final class Table {

    static final double[] QUANTILES = quantiles();

    private static double[] quantiles() {
      NormalDistribution normal = new NormalDistribution(null, 0, 1);
      double[] table = new double[65_536];
      double squares = 0;
      for (int j = 0; j < table.length; j++) {
        table[j] = normal.inverseCumulativeProbability((j + 0.5) / table.length);
        squares += table[j] * table[j];
      }
      double rms = Math.sqrt(squares / table.length);
      for (int j = 0; j < table.length; j++) {
        table[j] /= rms;
      }
      return table;
    }
  }

  private CounterNoise() {}

  /**
   * The finaliser of SplitMix64, a bijection of the 64-bit words.
   *
   * @param z any word
   * @return the mixed word
   */
  public static long mix(long z) {
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  /**
   * Makes a seed from a base and keys such as iteration, query and worker.
   *
   * @param base the run's seed
   * @param keys what tells this stream from the run's others, in a fixed order
   * @return the seed
   */
  public static long deriveSeed(long base, long... keys) {
    long h = mix(base + GOLDEN_GAMMA);
    for (long key : keys) {
      h = mix((h ^ key) + GOLDEN_GAMMA);
    }
    return h;
  }

  /**
   * A word of a seed's stream.
   *
   * @param seed derived seed
   * @param index position, from 0
   * @return 64 random bits
   */
  public static long word(long seed, long index) {
    return mix(seed + (index + 1) * GOLDEN_GAMMA);
  }

  /**
   * An entry of the table of {@link Distribution#GAUSSIAN_TABLE}: entry i of a vector is that of
   * the 16 bits of {@code word(seed, i >>> 2)} from bit {@code 16 (i & 3)} on.
   *
   * @param bits of which the lowest 16 count
   * @return the quantile
   */
  public static double quantile(int bits) {
    return Table.QUANTILES[bits & 0xFFFF];
  }

  /**
   * One entry of a random vector.
   *
   * @param distribution what it is drawn from
   * @param seed derived seed
   * @param index position, from 0
   * @return the entry
   */
  public static double at(Distribution distribution, long seed, long index) {
    return distribution.at(seed, index);
  }

  /**
   * One entry of a vector of uniform numbers.
   *
   * @param seed derived seed
   * @param index position, from 0
   * @return a number in [0, 1)
   */
  public static double uniform(long seed, long index) {
    return Distribution.UNIFORM.at(seed, index);
  }

  /**
   * A slice of a random vector.
   *
   * @param distribution what it is drawn from
   * @param seed derived seed
   * @param from first entry, from 0
   * @param target takes the entries {@code from}, {@code from + 1}, ...
   * @param length how many
   */
  public static void fill(
      Distribution distribution, long seed, long from, double[] target, int length) {
    switch (distribution) {
      case RADEMACHER -> rademacher(seed, from, target, length);
      case GAUSSIAN_TABLE -> table(seed, from, target, length);
      default -> {
        for (int i = 0; i < length; i++) {
          target[i] = distribution.at(seed, from + i);
        }
      }
    }
  }

  private static void rademacher(long seed, long from, double[] target, int length) {
    long word = 0;
    for (int i = 0; i < length; i++) {
      long index = from + i;
      if (i == 0 || (index & 63) == 0) {
        word = word(seed, index >>> 6);
      }
      target[i] = 2 * (word >>> (index & 63) & 1) - 1;
    }
  }

  /** Four entries of each word at a time: several times as fast as one after another. */
  private static void table(long seed, long from, double[] target, int length) {
    double[] quantiles = Table.QUANTILES;
    int start = start(from, length);
    for (int i = 0; i < start; i++) {
      target[i] = Distribution.GAUSSIAN_TABLE.at(seed, from + i);
    }
    long state = state(seed, from + start);
    int i = start;
    for (; i + 3 < length; i += 4) {
      long word = mix(state);
      state += GOLDEN_GAMMA;
      target[i] = quantiles[(int) word & 0xFFFF];
      target[i + 1] = quantiles[(int) (word >>> 16) & 0xFFFF];
      target[i + 2] = quantiles[(int) (word >>> 32) & 0xFFFF];
      target[i + 3] = quantiles[(int) (word >>> 48)];
    }
    for (; i < length; i++) {
      target[i] = Distribution.GAUSSIAN_TABLE.at(seed, from + i);
    }
  }

  /** Entries before the first whole word of four. */
  private static int start(long from, int length) {
    return (int) Math.min(length, -from & 3);
  }

  /** What is mixed to the word of an entry. */
  private static long state(long seed, long index) {
    return seed + ((index >>> 2) + 1) * GOLDEN_GAMMA;
  }
}
