package org.dl4jplus.privacy.accounting;

import org.dl4jplus.privacy.accounting.PrivacyEvent.Gaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PoissonGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Tree;

/**
 * Treats the sum of many small losses as one Gaussian release, after the central limit theorem. An
 * approximation that can be too small: for planning, and no guarantee, unless nothing but whole
 * Gaussian releases was added, for which it is exact.
 *
 * <pre>{@code
 * mu^2 = sum of q^2 (e^(1/sigma^2) - 1) over Poisson samples with q < 1
 *        + sum of 1/sigma^2 over Gaussian releases (tree: times ceil(log2(steps+1)))
 * delta = Phi(-epsilon/mu + mu/2) - e^epsilon Phi(-epsilon/mu - mu/2)
 * }</pre>
 *
 * <p>Other events are refused.
 *
 * <p>Z. Bu, J. Dong, Q. Long, W. Su: "Deep Learning with Gaussian Differential Privacy", arXiv
 * 1911.11607 (2019).
 */
public final class GdpAccountant implements PrivacyAccountant {

  private final PrivacyLedger ledger;
  private double squares;

  /**
   * An accountant without releases.
   *
   * @param neighbours the relation of all its releases
   */
  public GdpAccountant(Neighbours neighbours) {
    this(new PrivacyLedger(neighbours));
  }

  /**
   * An accountant that goes on from what was released.
   *
   * @param ledger the releases; copied
   * @throws IllegalArgumentException for an event that it cannot handle
   */
  public GdpAccountant(PrivacyLedger ledger) {
    this.ledger = new PrivacyLedger(ledger.neighbours());
    ledger.entries().forEach(entry -> compose(entry.event(), entry.count()));
  }

  @Override
  public GdpAccountant compose(PrivacyEvent event, long count) {
    double more = square(event);
    ledger.add(event, count);
    squares += count == 0 ? 0 : count * more;
    return this;
  }

  private static double square(PrivacyEvent event) {
    if (event instanceof PoissonGaussian e && e.samplingRate() < 1) {
      double q = e.samplingRate();
      return q == 0 ? 0 : q * q * Math.expm1(inverseSquare(e.noiseMultiplier()));
    } else if (event instanceof PoissonGaussian e) {
      return inverseSquare(e.noiseMultiplier());
    } else if (event instanceof Gaussian e) {
      return inverseSquare(e.noiseMultiplier());
    } else if (event instanceof Tree e) {
      return e.levels() * inverseSquare(e.noiseMultiplier());
    }
    throw new IllegalArgumentException(
        "GdpAccountant handles Gaussian, PoissonGaussian and Tree, got " + event);
  }

  private static double inverseSquare(double sigma) {
    return 1 / (sigma * sigma);
  }

  /**
   * The mean of the one Gaussian release of deviation 1.
   *
   * @return at least 0; infinite where a release has no noise
   */
  public double mu() {
    return Math.sqrt(squares);
  }

  @Override
  public double epsilon(double delta) {
    RdpAccountant.checkDelta(delta);
    return squares == 0 ? 0 : GaussianMechanism.epsilon(1 / mu(), delta);
  }

  @Override
  public double delta(double epsilon) {
    RdpAccountant.checkEpsilon(epsilon);
    return squares == 0 ? 0 : GaussianMechanism.delta(1 / mu(), epsilon);
  }

  @Override
  public PrivacyLedger ledger() {
    return ledger.copy();
  }

  @Override
  public boolean approximate() {
    return true;
  }
}
