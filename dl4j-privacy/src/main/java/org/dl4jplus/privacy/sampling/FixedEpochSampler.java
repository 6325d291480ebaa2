package org.dl4jplus.privacy.sampling;

import java.util.Arrays;
import java.util.EnumSet;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;

/**
 * Disjoint batches of all records, shuffled once: batch j has the same records in every epoch, so
 * that a record's steps are exactly an epoch apart. The last batch may be smaller; sums are divided
 * by the same number all the same.
 *
 * <p>A run that goes on needs the same order: hand it a source with the same numbers.
 */
public final class FixedEpochSampler implements BatchSampler {

  private final int[] order;
  private final int batch;
  private final int batches;

  /**
   * A sampler.
   *
   * @param records number of records N, public
   * @param rate share of the records in a batch, in (0, 1]; batches have the nearest whole number
   *     of them, 1 at least
   * @param shuffle where the order comes from, at once
   * @throws IllegalArgumentException outside the ranges
   */
  public FixedEpochSampler(int records, double rate, NoiseSource shuffle) {
    Require.count("records", records, 1);
    Require.check(rate > 0 && rate <= 1, "samplingRate", rate, "in (0, 1]");
    batch = batchSize(records, rate);
    batches = batches(records, rate);
    order = WithoutReplacementSampler.all(records);
    WithoutReplacementSampler.shuffle(order, records, shuffle);
  }

  private static int batchSize(int records, double rate) {
    return (int) Math.max(1, Math.rint(rate * records));
  }

  /**
   * How many batches an epoch has.
   *
   * @param records number of records N
   * @param rate share of the records in a batch, in (0, 1]
   * @return ceil(N / batch size)
   */
  public static int batches(int records, double rate) {
    return 1 + (records - 1) / batchSize(records, rate);
  }

  @Override
  public int[] draw(int step, NoiseSource source) {
    int from = step % batches * batch;
    return Arrays.copyOfRange(order, from, Math.min(order.length, from + batch));
  }

  @Override
  public double expectedSize() {
    return batch;
  }

  /** {@inheritDoc} Each started epoch counts whole: a record is in one batch of it. */
  @Override
  public PrivacyEvent gaussian(int step, double noiseMultiplier) {
    return step % batches != 0
        ? null
        : new PrivacyEvent.Gaussian(
            noiseMultiplier, EnumSet.of(Neighbours.REPLACE_ZERO, Neighbours.REPLACE_ONE));
  }
}
