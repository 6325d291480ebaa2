package org.dl4jplus.privacy.synthetic;

import org.dl4jplus.privacy.noise.DiscreteGaussianSampler;

/** Counts with noise. */
final class Noisy {

  private Noisy() {}

  /**
   * Shares of all records, clipped to [0, 1]; empty cells get noise as any other.
   *
   * @param counts of the cells
   * @param records public
   * @param noise or null for none
   * @return a share for each cell
   */
  static double[] shares(long[] counts, int records, DiscreteGaussianSampler noise) {
    double[] shares = new double[counts.length];
    for (int i = 0; i < shares.length; i++) {
      long noisy = counts[i] + (noise == null ? 0 : noise.sample());
      shares[i] = Math.max(0, Math.min(1, (double) noisy / records));
    }
    return shares;
  }
}
