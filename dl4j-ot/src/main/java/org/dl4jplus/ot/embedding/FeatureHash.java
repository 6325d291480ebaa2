package org.dl4jplus.ot.embedding;

import java.nio.charset.StandardCharsets;

/**
 * The hash of feature multiplexing: the same everywhere, with a salt for each feature and lookup.
 *
 * <pre>{@code
 * z = value + 0x9E3779B97F4A7C15 (1 + 1000003 feature + chunk)   modulo 2^64
 * z ^= z >>> 30;  z *= 0xBF58476D1CE4E5B9
 * z ^= z >>> 27;  z *= 0x94D049BB133111EB
 * z ^= z >>> 31;  bucket = z modulo buckets, unsigned
 * }</pre>
 *
 * <p>The finalizer is splitmix64's: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable
 * Pseudorandom Number Generators", 2014.
 */
public final class FeatureHash {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private FeatureHash() {}

  /**
   * The bucket of a value.
   *
   * @param value the value
   * @param feature which feature it is of, from 0
   * @param chunk which of the feature's lookups, from 0
   * @param buckets number of buckets, at least 1
   * @return from 0 to buckets - 1
   * @throws IllegalArgumentException if buckets is below 1
   */
  public static int bucket(long value, int feature, int chunk, int buckets) {
    if (buckets < 1) {
      throw new IllegalArgumentException("buckets must be >= 1: " + buckets);
    }
    long z = value + 0x9E3779B97F4A7C15L * (1 + 1000003L * feature + chunk);
    z ^= z >>> 30;
    z *= 0xBF58476D1CE4E5B9L;
    z ^= z >>> 27;
    z *= 0x94D049BB133111EBL;
    z ^= z >>> 31;
    return (int) Long.remainderUnsigned(z, buckets);
  }

  /**
   * The value of a text: the 64-bit FNV-1a hash of its UTF-8 bytes. A column of numbers holds whole
   * numbers up to 2^53 only: for a layer's input take the lower 53 bits, {@code fnv1a(text) & ((1L
   * << 53) - 1)}.
   *
   * @param text the text
   * @return its value
   */
  public static long fnv1a(String text) {
    long hash = FNV_OFFSET;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }
}
