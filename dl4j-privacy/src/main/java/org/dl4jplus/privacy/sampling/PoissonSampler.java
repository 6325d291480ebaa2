package org.dl4jplus.privacy.sampling;

import java.util.Arrays;
import java.util.EnumSet;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;

/** Each record by itself with the same probability; a batch may be empty. */
public final class PoissonSampler implements BatchSampler {

  private final int records;
  private final double rate;

  /**
   * A sampler.
   *
   * @param records number of records N, public
   * @param rate probability q of each, in (0, 1]
   * @throws IllegalArgumentException outside the ranges
   */
  public PoissonSampler(int records, double rate) {
    if (records < 1) {
      throw new IllegalArgumentException("records = " + records + " must be at least 1");
    }
    if (!(rate > 0 && rate <= 1)) {
      throw new IllegalArgumentException("samplingRate = " + rate + " must be in (0, 1]");
    }
    this.records = records;
    this.rate = rate;
  }

  @Override
  public int[] draw(int step, NoiseSource source) {
    int[] drawn = new int[records];
    int count = 0;
    for (int i = 0; i < records; i++) {
      if (source.uniform() < rate) {
        drawn[count++] = i;
      }
    }
    return Arrays.copyOf(drawn, count);
  }

  @Override
  public double expectedSize() {
    return rate * records;
  }

  @Override
  public PrivacyEvent gaussian(int step, double noiseMultiplier) {
    return new PrivacyEvent.PoissonGaussian(
        rate, noiseMultiplier, EnumSet.of(Neighbours.ADD_REMOVE, Neighbours.REPLACE_ZERO));
  }
}
