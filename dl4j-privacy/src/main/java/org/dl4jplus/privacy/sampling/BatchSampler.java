package org.dl4jplus.privacy.sampling;

import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;

/** Chooses the records of a step. */
public interface BatchSampler {

  /**
   * Draws the records of a step.
   *
   * @param step number of the step, from 0; steps are asked for in order
   * @param source where the random numbers come from
   * @return numbers of records, possibly none, each at most once
   */
  int[] draw(int step, NoiseSource source);

  /**
   * The number of records to divide by: a public constant, whatever was drawn.
   *
   * @return the expected or nominal batch size, above 0
   */
  double expectedSize();

  /**
   * What Gaussian noise on the step's sum of clipped gradients costs.
   *
   * @param step number of the step, from 0
   * @param noiseMultiplier standard deviation of the noise over the sensitivity
   * @return the event, or null for a step that an earlier one has paid for
   */
  PrivacyEvent gaussian(int step, double noiseMultiplier);

  /**
   * What a run that goes on from a saved one must know to draw the rest of what was paid for.
   *
   * @return numbers of records; null, by default, if every step is drawn by itself
   */
  default int[] order() {
    return null;
  }

  /**
   * Goes on from a saved run.
   *
   * @param saved what {@link #order} returned
   * @throws IllegalArgumentException if it is no order of the records
   */
  default void restore(int[] saved) {}
}
