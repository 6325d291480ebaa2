package org.dl4jplus.privacy.sampling;

import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;

/**
 * Batches of an epoch that is shuffled anew each time. The batches of an epoch are disjoint, so
 * that one Gaussian event pays for all of them, whatever the order: it is charged when the epoch
 * starts, whole, and counts as if the order were known. Only for relations under which the other
 * records stay in their batches: not ADD_REMOVE.
 *
 * <p>The last batch of an epoch may be smaller; its sum is divided by the same number.
 */
public final class ShuffledSampler implements BatchSampler {

  private final int[] order;
  private final int batch;
  private boolean shuffled;

  /**
   * A sampler.
   *
   * @param records number of records N, public
   * @param batch records of a batch, in [1, N]
   * @throws IllegalArgumentException outside the ranges
   */
  public ShuffledSampler(int records, int batch) {
    WithoutReplacementSampler.check(records, batch);
    order = WithoutReplacementSampler.all(records);
    this.batch = batch;
  }

  private int place(int step) {
    return step % ((order.length - 1) / batch + 1);
  }

  @Override
  public int[] draw(int step, NoiseSource source) {
    int place = place(step);
    if (place == 0) {
      WithoutReplacementSampler.shuffle(order, order.length, source);
      shuffled = true;
    } else if (!shuffled) {
      throw new IllegalStateException(
          "Step " + step + " is inside an epoch whose order is not known");
    }
    int from = Math.multiplyExact(place, batch);
    return Arrays.copyOfRange(order, from, Math.min(order.length, from + batch));
  }

  @Override
  public double expectedSize() {
    return batch;
  }

  @Override
  public PrivacyEvent gaussian(int step, double noiseMultiplier) {
    return place(step) != 0
        ? null
        : new PrivacyEvent.Gaussian(
            noiseMultiplier, EnumSet.of(Neighbours.REPLACE_ZERO, Neighbours.REPLACE_ONE));
  }

  /** {@inheritDoc} The epoch's order, which the accounting does not take for secret. */
  @Override
  public int[] order() {
    return shuffled ? order.clone() : null;
  }

  @Override
  public void restore(int[] saved) {
    if (saved == null) {
      return;
    }
    BitSet seen = new BitSet(order.length);
    Arrays.stream(saved).filter(i -> i >= 0 && i < order.length).forEach(seen::set);
    if (saved.length != order.length || seen.cardinality() != order.length) {
      // Some record twice in an epoch would be charged once.
      throw new IllegalArgumentException("order must name each of the records once");
    }
    System.arraycopy(saved, 0, order, 0, order.length);
    shuffled = true;
  }
}
