package org.dl4jplus.privacy.noise;

import org.dl4jplus.optim.first.updater.Require;

/**
 * Continuous noise whose sum with the value is rounded to a grid as coarse as the noise allows:
 *
 * <pre>{@code
 * granularity = 2^ceil(log2(scale)) / 2^20
 * release     = granularity * round((value + noise) / granularity)
 * }</pre>
 *
 * The doubles that value + noise can take depend on the value (Ilya Mironov, "On significance of
 * the least significant bits for differential privacy", CCS 2012). A cell of the grid holds about
 * 2^32 of them, so its probability is off by about 2^-32, while the rounding adds 10^-13 of the
 * noise's variance. Rounding costs the exact mechanism nothing; for the one on doubles it is a
 * mitigation with a small error, not a proof. It does nothing any more where |value| is above 4e9
 * scales: there doubles are as coarse as the grid.
 *
 * <p>The scale must be a public number. Round before the result is made a float and before it is
 * divided by anything. Scale 0 is no noise, and no rounding.
 */
public final class NoiseGrid {

  private static final int CELLS = 20;
  private static final double SMALLEST = 0x1p-1000;

  private NoiseGrid() {}

  /**
   * The distance of two neighbours on the grid.
   *
   * @param scale standard deviation or Laplace scale of the noise, above 0
   * @return a power of two
   * @throws IllegalArgumentException if scale is not a finite number of at least 2^-1000
   */
  public static double granularity(double scale) {
    Require.check(
        scale >= SMALLEST && scale < Double.POSITIVE_INFINITY,
        "scale",
        scale,
        "finite and 0 or at least 2^-1000");
    int exponent = Math.getExponent(scale);
    // Math.scalb(1, exponent) is scale itself only for a power of two.
    return Math.scalb(1.0, (Math.scalb(1.0, exponent) == scale ? exponent : exponent + 1) - CELLS);
  }

  /**
   * Rounds a noisy value to the grid; 0 has no sign.
   *
   * @param noisy value with noise
   * @param scale of the noise, at least 0
   * @return the nearest point of the grid, of two the even one; the value itself if scale is 0
   * @throws IllegalArgumentException if scale is negative, not finite or in (0, 2^-1000)
   */
  public static double round(double noisy, double scale) {
    return scale == 0 ? noisy : nearest(noisy, granularity(scale));
  }

  /**
   * Rounds noisy values to the grid, in place.
   *
   * @param noisy values with noise
   * @param scale of the noise, at least 0
   * @throws IllegalArgumentException if scale is negative, not finite or in (0, 2^-1000)
   */
  public static void round(double[] noisy, double scale) {
    if (scale != 0) {
      double granularity = granularity(scale);
      for (int i = 0; i < noisy.length; i++) {
        noisy[i] = nearest(noisy[i], granularity);
      }
    }
  }

  private static double nearest(double noisy, double granularity) {
    double cells = noisy / granularity;
    // Beyond 2^52 every double is on the grid. Adding 0 takes the sign from -0.
    return Math.abs(cells) < 0x1p52 ? Math.rint(cells) * granularity + 0.0 : noisy;
  }

  /**
   * Adds normal noise and rounds, in place.
   *
   * @param values to release
   * @param standardDeviation of the noise, at least 0
   * @param source of the noise
   * @throws IllegalArgumentException if standardDeviation is negative, not finite or in (0,
   *     2^-1000)
   */
  public static void addGaussian(double[] values, double standardDeviation, NoiseSource source) {
    if (standardDeviation != 0) {
      double granularity = granularity(standardDeviation);
      double[] noise = new double[values.length];
      source.gaussian(noise);
      for (int i = 0; i < values.length; i++) {
        values[i] = nearest(values[i] + standardDeviation * noise[i], granularity);
      }
    }
  }

  /**
   * Adds Laplace noise, density exp(-|x| / scale) / (2 scale), and rounds, in place.
   *
   * @param values to release
   * @param scale of the noise, at least 0
   * @param source of the noise
   * @throws IllegalArgumentException if scale is negative, not finite or in (0, 2^-1000)
   */
  public static void addLaplace(double[] values, double scale, NoiseSource source) {
    if (scale != 0) {
      double granularity = granularity(scale);
      double[] normal = new double[4 * values.length];
      source.gaussian(normal);
      for (int i = 0; i < values.length; i++) {
        // The sum of two products of standard normal numbers is Laplace, and has none of the holes
        // of a single logarithm. Neighbours share their Box-Muller pairs, so they do not multiply.
        int k = 4 * i;
        double laplace = normal[k] * normal[k + 2] + normal[k + 1] * normal[k + 3];
        values[i] = nearest(values[i] + scale * laplace, granularity);
      }
    }
  }
}
