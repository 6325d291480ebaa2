package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.LinkedHashMap;
import java.util.Map;
import lombok.Builder;

/**
 * Adds releases up by the distribution of their privacy loss: numerical composition, the smallest
 * epsilon that is known to hold. An upper bound.
 *
 * <p>Handles Gaussian, Poisson and tree releases, Laplace noise and pure mechanisms; others are
 * refused. Each release's loss is put on a grid ({@code LossGrid}, which only adds loss), the grids
 * are composed by Fourier transforms, for the record's removal and for its addition each, and the
 * larger result counts. Gaussian releases of any number are one Gaussian release; where nothing
 * else was added the answer is exact, without a grid.
 *
 * <pre>{@code
 * delta(e) = mass(infinity) + sum over losses l > e of (1 - e^(e-l)) mass(l)
 * }</pre>
 *
 * <p>Fields:
 *
 * <ul>
 *   <li>{@code step} of the grid; automatic when null: the smaller of 1e-4 and a 32nd of the
 *       root-mean-square width of one release's loss (q sqrt(e^(1/sigma^2) - 1) for Poisson
 *       samples), and 1e-12 at least. The specification's half of the width, and no less than 1e-5,
 *       is valid, too, but gives some percent more epsilon and up to several times as much for
 *       small rates. Where the composed losses would need more than 2^19 points (fewer for four
 *       different releases and more) the automatic step is made larger, and large losses share
 *       cells of up to a 2048th of their size. A given step is obeyed up to 2^23 points, and then
 *       made larger.
 *   <li>{@code tightest} false: true answers with the Renyi accountant's number where that is
 *       smaller, which is an upper bound, too.
 * </ul>
 *
 * <p>The transform's rounding grows with the number of releases: a delta below max(1e-13, 1e-16 T)
 * is refused, and answered by the Renyi accountant if {@code tightest}. A delta of 0 is answered by
 * the sum of the pure epsilons.
 *
 * <p>A. Koskela, J. Jaelkoe, A. Honkela: "Computing Tight Differential Privacy Guarantees Using
 * FFT", arXiv 1906.03049 (2019); S. Gopi, Y. T. Lee, L. Wutschitz: "Numerical Composition of
 * Differential Privacy", arXiv 2106.02848 (2021).
 */
public final class PldAccountant implements PrivacyAccountant {

  private static final double COARSEST_AUTOMATIC = 1e-4;

  /** Such a step costs nothing worth naming, and neither divides by 0 nor drowns in rounding. */
  private static final double FINEST_AUTOMATIC = 1e-12;

  private static final int POINTS_PER_WIDTH = 32;

  /** Large losses need not be told apart as finely as small ones. */
  private static final double APART = 1.0 / 2048;

  private static final int AUTOMATIC_POINTS = 1 << 19;
  private static final int LEAST_POINTS = 1 << 13;
  private static final int MOST_POINTS = 1 << 23;

  private final PrivacyLedger ledger;
  private final Double step;
  private final boolean tightest;
  private final int points;
  private final RdpAccountant renyi;

  /** Everything but the Gaussian releases. */
  private final Map<PrivacyEvent, Long> counts = new LinkedHashMap<>();

  /** The sum of 1/sigma^2 over the Gaussian releases. */
  private double gaussian;

  private double pure;
  private LossSum sum;

  /**
   * An accountant without releases, with the automatic step.
   *
   * @param neighbours the relation of all its releases
   */
  public PldAccountant(Neighbours neighbours) {
    this(new PrivacyLedger(neighbours), null, null);
  }

  /**
   * An accountant that goes on from what was released, with the automatic step.
   *
   * @param ledger the releases; copied
   * @throws IllegalArgumentException for an event that it cannot handle
   */
  public PldAccountant(PrivacyLedger ledger) {
    this(ledger, null, null);
  }

  @Builder
  private PldAccountant(PrivacyLedger ledger, Double step, Boolean tightest) {
    this(ledger, step, tightest != null && tightest, AUTOMATIC_POINTS);
  }

  private PldAccountant(PrivacyLedger ledger, Double step, boolean tightest, int points) {
    this.ledger = new PrivacyLedger(ledger.neighbours());
    this.step = step == null ? null : positive("step", step, 0);
    this.tightest = tightest;
    this.points = points;
    renyi = new RdpAccountant(ledger.neighbours());
    ledger.entries().forEach(entry -> compose(entry.event(), entry.count()));
  }

  /** Faster, and a larger epsilon where the losses are wide. */
  static PldAccountant coarse(PrivacyLedger ledger) {
    return new PldAccountant(ledger, null, true, AUTOMATIC_POINTS >> 4);
  }

  @Override
  public PldAccountant compose(PrivacyEvent event, long count) {
    PrivacyLoss loss = PrivacyLoss.of(event, false);
    ledger.add(event, count);
    if (count == 0 || loss == null) {
      return this;
    }
    if (loss instanceof PrivacyLoss.Normal normal) {
      gaussian += count / (normal.sigma() * normal.sigma());
    } else {
      counts.merge(event, count, Math::addExact);
    }
    pure += count * RenyiDivergence.pure(event);
    if (tightest) {
      renyi.compose(event, count);
    }
    sum = null;
    return this;
  }

  /**
   * The smallest epsilon known for a delta.
   *
   * @throws IllegalArgumentException for a delta in (0, max(1e-13, 1e-16 T)) where T releases have
   *     to be composed on a grid, unless {@code tightest}
   */
  @Override
  public double epsilon(double delta) {
    RdpAccountant.checkDelta(delta);
    double most = tightest ? renyi.best(delta).value() : pure;
    if (most == 0 || delta == 0) {
      return most;
    }
    if (counts.isEmpty()) {
      return Math.min(most, GaussianMechanism.epsilon(1 / Math.sqrt(gaussian), delta));
    }
    double least = leastDelta();
    if (delta < least) {
      check(tightest, "delta", delta, "0 or at least " + least + " for so many releases");
      return most;
    }
    return Math.min(most, sum().epsilon(delta));
  }

  private double leastDelta() {
    double releases = gaussian > 0 ? 1 : 0;
    for (long count : counts.values()) {
      releases += count;
    }
    return Math.max(1e-13, 1e-16 * releases);
  }

  /**
   * The smallest delta known for an epsilon; at least max(1e-13, 1e-16 T) where T releases have to
   * be composed on a grid.
   */
  @Override
  public double delta(double epsilon) {
    RdpAccountant.checkEpsilon(epsilon);
    double most = tightest ? renyi.delta(epsilon) : 1;
    if (most == 0 || pure <= epsilon) {
      return 0;
    }
    double delta =
        counts.isEmpty()
            ? GaussianMechanism.delta(1 / Math.sqrt(gaussian), epsilon)
            : Math.max(leastDelta(), sum().delta(epsilon));
    return Math.min(most, delta);
  }

  private LossSum sum() {
    if (sum == null) {
      sum = compute();
    }
    return sum;
  }

  private LossSum compute() {
    double releases = 0;
    double variance = 0;
    double range = 0;
    LossSum.Part[] parts = new LossSum.Part[counts.size() + (gaussian > 0 ? 1 : 0)];
    int i = 0;
    for (Map.Entry<PrivacyEvent, Long> entry : counts.entrySet()) {
      parts[i++] =
          new LossSum.Part(
              PrivacyLoss.of(entry.getKey(), false),
              PrivacyLoss.of(entry.getKey(), true),
              entry.getValue());
    }
    if (gaussian > 0) {
      PrivacyLoss normal = new PrivacyLoss.Normal(1 / Math.sqrt(gaussian));
      parts[i] = new LossSum.Part(normal, normal, 1);
    }
    for (LossSum.Part part : parts) {
      if (!part.remove().isBounded() || !part.add().isBounded()) {
        return LossSum.unbounded();
      }
      releases += part.count();
      variance += part.count() * part.remove().width() * part.remove().width();
      range = Math.max(range, part.remove().largest() - part.remove().least());
      range = Math.max(range, part.add().largest() - part.add().least());
    }
    if (step != null) {
      return LossSum.of(parts, Math.max(step, range / (MOST_POINTS - 2)), 0, MOST_POINTS);
    }
    double rms = Math.sqrt(variance / releases);
    // Many different releases share what few may take.
    int share = Math.max(1, Integer.highestOneBit(parts.length) / 2);
    return LossSum.of(
        parts,
        Math.max(FINEST_AUTOMATIC, Math.min(COARSEST_AUTOMATIC, rms / POINTS_PER_WIDTH)),
        APART * Math.min(16, share),
        Math.max(LEAST_POINTS, points / share));
  }

  @Override
  public PrivacyLedger ledger() {
    return ledger.copy();
  }
}
