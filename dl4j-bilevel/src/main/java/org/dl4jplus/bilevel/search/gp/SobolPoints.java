package org.dl4jplus.bilevel.search.gp;

import org.apache.commons.math3.random.SobolSequenceGenerator;
import org.dl4jplus.optim.first.noise.CounterNoise;

/**
 * Points that fill the unit cube more evenly than random ones: a Sobol sequence under a random
 * digital shift, which keeps one point in each elementary interval. Coordinates beyond the 1,000th
 * are independent random numbers.
 */
public final class SobolPoints {

  private static final int MOST_DIMENSIONS = 1000;
  private static final double UNIT = 0x1p-52;

  private SobolPoints() {}

  /**
   * The first points of a shifted sequence.
   *
   * @param count how many
   * @param dimensions of the cube, at least 1
   * @param seed of the shift
   * @return one point in each row, coordinates in [0, 1)
   */
  public static double[][] draw(int count, int dimensions, long seed) {
    SobolSequenceGenerator sobol =
        new SobolSequenceGenerator(Math.min(dimensions, MOST_DIMENSIONS));
    double[][] points = new double[count][];
    for (int i = 0; i < count; i++) {
      points[i] = shifted(sobol.nextVector(), i, dimensions, seed);
    }
    return points;
  }

  /**
   * One point of a shifted sequence.
   *
   * @param index its number, from 0
   * @param dimensions of the cube, at least 1
   * @param seed of the shift
   * @return its coordinates in [0, 1)
   */
  public static double[] point(int index, int dimensions, long seed) {
    SobolSequenceGenerator sobol =
        new SobolSequenceGenerator(Math.min(dimensions, MOST_DIMENSIONS));
    return shifted(sobol.skipTo(index), index, dimensions, seed);
  }

  private static double[] shifted(double[] point, int index, int dimensions, long seed) {
    double[] shifted = new double[dimensions];
    for (int d = 0; d < dimensions; d++) {
      if (d < point.length) {
        long bits = (long) (point[d] / UNIT) ^ CounterNoise.word(seed, d) >>> 12;
        shifted[d] = bits * UNIT;
      } else {
        shifted[d] = CounterNoise.uniform(seed, (index + 1L) * dimensions + d);
      }
    }
    return shifted;
  }
}
