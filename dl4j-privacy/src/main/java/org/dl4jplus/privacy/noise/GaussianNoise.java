package org.dl4jplus.privacy.noise;

import org.nd4j.linalg.api.buffer.DataType;

/** Adds Gaussian noise to what is to be released. */
@FunctionalInterface
public interface GaussianNoise {

  /**
   * Adds independent noise to all values and rounds them so that their low bits say nothing.
   *
   * @param values what is to be released, changed in place
   * @param std standard deviation, at least 0; 0 leaves the values as they are
   */
  void add(double[] values, double std);

  /**
   * Noise for release, by {@link NoiseGrid#addGaussian}.
   *
   * @param source of the random numbers
   * @param margin factor on every standard deviation, at least 1, for what a network's own rounding
   *     adds to the sensitivity
   * @return the noise
   */
  static GaussianNoise of(NoiseSource source, double margin) {
    return (values, std) -> NoiseGrid.addGaussian(values, std * margin, source);
  }

  /**
   * What a network's own rounding may add to the sensitivity of its sums.
   *
   * @param type of the network
   * @return the factor for {@link #of}: 1.001 for single precision, 1 for double
   */
  static double margin(DataType type) {
    return type == DataType.DOUBLE ? 1 : 1 + 1e-3;
  }
}
