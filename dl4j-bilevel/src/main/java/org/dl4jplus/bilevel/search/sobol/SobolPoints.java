package org.dl4jplus.bilevel.search.sobol;

import org.apache.commons.math3.random.SobolSequenceGenerator;
import org.dl4jplus.optim.first.noise.CounterNoise;

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

  private final int dimension;
  private final SobolSequenceGenerator sequence;
  private final boolean plain;
  private final long seed;

  private SobolPoints(int dimension, boolean plain, long seed) {
    if (dimension < 1 || plain && dimension > MOST_DIMENSIONS) {
      throw new IllegalArgumentException(
          "dimension must be in [1, " + MOST_DIMENSIONS + "], got " + dimension);
    }
    this.dimension = dimension;
    this.plain = plain;
    this.seed = seed;
    sequence = new SobolSequenceGenerator(Math.min(dimension, MOST_DIMENSIONS));
  }

  /**
   * The sequence itself, whose first point is the origin.
   *
   * @param dimension number of coordinates, 1 to 1000
   * @return the points
   * @throws IllegalArgumentException for a dimension outside its range
   */
  public static SobolPoints plain(int dimension) {
    return new SobolPoints(dimension, true, 0);
  }

  /**
   * The sequence with a random digital shift; coordinates beyond the 1000th are random numbers.
   *
   * @param dimension number of coordinates, at least 1
   * @param seed seed of the shift
   * @return the points
   * @throws IllegalArgumentException for a dimension below 1
   */
  public static SobolPoints shifted(int dimension, long seed) {
    return new SobolPoints(dimension, false, seed);
  }

  /**
   * The first points of a shifted sequence.
   *
   * @param count how many
   * @param dimension number of coordinates, at least 1
   * @param seed seed of the shift
   * @return one point in each row
   */
  public static double[][] draw(int count, int dimension, long seed) {
    SobolPoints points = shifted(dimension, seed);
    double[][] rows = new double[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = points.shifted(points.sequence.nextVector(), i);
    }
    return rows;
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
    return shifted(sequence.skipTo(index), index);
  }

  private double[] shifted(double[] point, int index) {
    if (plain) {
      return point;
    }
    double[] shifted = new double[dimension];
    for (int d = 0; d < dimension; d++) {
      shifted[d] =
          d < point.length
              ? ((long) (point[d] * SCALE) ^ CounterNoise.word(seed, d) >>> 12) / SCALE
              : CounterNoise.uniform(seed, (index + 1L) * dimension + d);
    }
    return shifted;
  }
}
