package org.dl4jplus.optim.zeroth.search;

import java.io.Serializable;
import org.dl4jplus.optim.first.noise.CounterNoise;

/** Random rotations that can be made again. */
@FunctionalInterface
public interface Rotations extends Serializable {

  /**
   * Makes a rotation.
   *
   * @param iteration number of the step
   * @param particle number of the particle
   * @param dimension p
   * @return an orthogonal matrix, by rows
   */
  double[][] rotation(long iteration, int particle, int dimension);

  /**
   * Rotations without a preferred direction, as functions of seed, iteration and particle: for p =
   * 2 a uniform angle, above it the Q of a Gaussian matrix whose R has a positive diagonal, with
   * its first column turned round where the determinant is -1.
   *
   * @param seed of the run
   * @return the rotations
   */
  static Rotations haar(long seed) {
    return (iteration, particle, p) -> {
      long own = CounterNoise.deriveSeed(seed, iteration, particle);
      if (p == 1) {
        return new double[][] {{1}};
      }
      if (p == 2) {
        double angle = 2 * Math.PI * CounterNoise.uniform(own, 0);
        double c = StrictMath.cos(angle);
        double s = StrictMath.sin(angle);
        return new double[][] {{c, -s}, {s, c}};
      }
      return HaarRotation.of(p, own);
    };
  }
}
