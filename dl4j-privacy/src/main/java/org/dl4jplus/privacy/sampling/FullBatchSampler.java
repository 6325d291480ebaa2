package org.dl4jplus.privacy.sampling;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;

/** All records in every step. */
public final class FullBatchSampler implements BatchSampler {

  private final int records;
  private final Set<Neighbours> relations;

  /**
   * A sampler.
   *
   * @param records number of records N, public
   * @param relation under which the noise multiplier will be given
   */
  public FullBatchSampler(int records, Neighbours relation) {
    this.records = records;
    relations = EnumSet.of(relation);
  }

  @Override
  public int[] draw(int step, NoiseSource source) {
    return IntStream.range(0, records).toArray();
  }

  @Override
  public double expectedSize() {
    return records;
  }

  @Override
  public PrivacyEvent gaussian(int step, double noiseMultiplier) {
    return new PrivacyEvent.Gaussian(noiseMultiplier, relations);
  }
}
