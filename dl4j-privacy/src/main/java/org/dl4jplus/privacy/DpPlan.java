package org.dl4jplus.privacy;

import org.dl4jplus.privacy.sampling.BatchSampler;

/**
 * What is fixed before the first step, and public.
 *
 * @param config the configuration
 * @param sampler chooses records as the configuration says; null under FIXED_EPOCH, where the
 *     mechanism brings its own
 * @param records number of records N
 * @param coordinates number of trainable parameters
 */
public record DpPlan(DpConfig config, BatchSampler sampler, int records, int coordinates) {

  /**
   * How far neighbours move a sum of clipped gradients.
   *
   * @return C, or 2 C under REPLACE_ONE
   */
  public double sensitivity() {
    return config.sensitivityFactor() * config.getClipNorm();
  }
}
