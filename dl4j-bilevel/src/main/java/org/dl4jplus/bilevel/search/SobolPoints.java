package org.dl4jplus.bilevel.search;

import java.util.SplittableRandom;
import org.apache.commons.math3.random.SobolSequenceGenerator;

/**
 * The points of Sobol's sequence in the unit cube, plain or with a random digital shift. Of the
 * first {@code 2^m} points each dyadic interval of length {@code 2^-m} holds exactly one in every
 * coordinate, shifted or not.
 *
 * <pre>{@code
 * x_i = s_i / 2^52          plain, x_0 = 0
 * x_i = (s_i XOR d) / 2^52  shifted; d: 52 random bits for each coordinate
 * }</pre>
 *
 * <p>I. M. Sobol: "On the distribution of points in a cube and the approximate evaluation of
 * integrals", USSR Computational Mathematics and Mathematical Physics 7 (1967); direction numbers
 * of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections",
 * SIAM Journal on Scientific Computing 30 (2008).
 */
public final class SobolPoints {

  /** The largest number of coordinates for which there are direction numbers. */
  public static final int MOST_DIMENSIONS = 1000;

  private static final double SCALE = 0x1p52;
  private static final long BITS = (1L << 52) - 1;

  private final SobolSequenceGenerator sequence;
  private final long[] shift;

  private SobolPoints(int dimension, long[] shift) {
    if (dimension < 1 || dimension > MOST_DIMENSIONS) {
      throw new IllegalArgumentException(
          "dimension must be in [1, " + MOST_DIMENSIONS + "], got " + dimension);
    }
    sequence = new SobolSequenceGenerator(dimension);
    this.shift = shift;
  }

  /**
   * The sequence itself, whose first point is the origin.
   *
   * @param dimension number of coordinates, 1 to 1000
   * @return the points
   * @throws IllegalArgumentException for a dimension outside its range
   */
  public static SobolPoints plain(int dimension) {
    return new SobolPoints(dimension, new long[Math.max(dimension, 0)]);
  }

  /**
   * The sequence with a random digital shift.
   *
   * @param dimension number of coordinates, 1 to 1000
   * @param seed seed of the shift
   * @return the points
   * @throws IllegalArgumentException for a dimension outside its range
   */
  public static SobolPoints shifted(int dimension, long seed) {
    return new SobolPoints(
        dimension,
        new SplittableRandom(seed).longs(Math.max(dimension, 0)).map(d -> d & BITS).toArray());
  }

  /**
   * A point of the sequence.
   *
   * @param index its number, from 0
   * @return coordinates in [0, 1)
   * @throws IllegalArgumentException for a negative number
   */
  public double[] point(int index) {
    if (index < 0) {
      throw new IllegalArgumentException("index must be at least 0, got " + index);
    }
    double[] point = sequence.skipTo(index);
    for (int i = 0; i < point.length; i++) {
      point[i] = ((long) (point[i] * SCALE) ^ shift[i]) / SCALE;
    }
    return point;
  }
}
