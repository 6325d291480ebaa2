package org.dl4jplus.privacy.sampling;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.stream.IntStream;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;

/**
 * A fresh uniform subset of fixed size at every step, independent of the other steps: not the
 * batches of a shuffled epoch.
 */
public final class WithoutReplacementSampler implements BatchSampler {

  private final int[] indices;
  private final int batch;

  /**
   * A sampler.
   *
   * @param records number of records N, public
   * @param batch size m of the subset, in [1, N]
   * @throws IllegalArgumentException outside the ranges
   */
  public WithoutReplacementSampler(int records, int batch) {
    check(records, batch);
    indices = all(records);
    this.batch = batch;
  }

  @Override
  public int[] draw(int step, NoiseSource source) {
    // From any order of the records the first m of a shuffle are a uniform subset.
    shuffle(indices, batch, source);
    return Arrays.copyOf(indices, batch);
  }

  @Override
  public double expectedSize() {
    return batch;
  }

  @Override
  public PrivacyEvent gaussian(int step, double noiseMultiplier) {
    return new PrivacyEvent.WithoutReplacementGaussian(
        indices.length, batch, noiseMultiplier, EnumSet.of(Neighbours.REPLACE_ONE));
  }

  static void check(int records, int batch) {
    if (records < 1) {
      throw new IllegalArgumentException("records = " + records + " must be at least 1");
    }
    if (batch < 1 || batch > records) {
      throw new IllegalArgumentException("batch = " + batch + " must be in [1, " + records + "]");
    }
  }

  static int[] all(int records) {
    return IntStream.range(0, records).toArray();
  }

  /** The first entries become a uniform choice of all, in uniform order. */
  static void shuffle(int[] values, int first, NoiseSource source) {
    for (int i = 0; i < first; i++) {
      int other = i + (int) source.uniform((long) values.length - i);
      int value = values[i];
      values[i] = values[other];
      values[other] = value;
    }
  }
}
