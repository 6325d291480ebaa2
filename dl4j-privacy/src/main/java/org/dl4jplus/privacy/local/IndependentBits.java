package org.dl4jplus.privacy.local;

import java.util.BitSet;
import org.dl4jplus.privacy.noise.NoiseSource;

/** Protocols that flip the bits of a one-hot vector independently. */
abstract class IndependentBits extends BitReports {

  private final double drop;
  private final double rise;
  private final transient Coin drops;
  private final transient Coin rises;

  /** With the probabilities that the 1 becomes a 0 and that a 0 becomes a 1. */
  IndependentBits(int values, double epsilon, double drop, double rise) {
    super(values, epsilon);
    this.drop = drop;
    this.rise = rise;
    drops = Coin.atLeast(drop);
    rises = Coin.atLeast(rise);
  }

  /** {@inheritDoc} */
  @Override
  public final double p() {
    return 1 - drop;
  }

  /** {@inheritDoc} */
  @Override
  public final double q() {
    return rise;
  }

  /** {@inheritDoc} */
  @Override
  public final BitSet perturb(int value, NoiseSource noise) {
    checkPerturbs(value);
    BitSet report = new BitSet(getValues());
    for (int v = 0; v < getValues(); v++) {
      report.set(v, v == value ? !drops.toss(noise) : rises.toss(noise));
    }
    return report;
  }

  /** {@inheritDoc} */
  @Override
  public final double attackerSuccessRate() {
    return successRate(getValues(), drop, rise);
  }

  /**
   * Of the uniform guess among the supported values, over their binomial number:
   *
   * <pre>{@code (1-p) (1-q)^(k-1) / k + p (1 - (1-q)^k) / (k q)}</pre>
   */
  static double successRate(int values, double drop, double q) {
    double no = Math.log1p(-q);
    return drop * Math.exp((values - 1) * no) / values
        - (1 - drop) * Math.expm1(values * no) / (values * q);
  }

  final Coin drops() {
    return drops;
  }

  final Coin rises() {
    return rises;
  }
}
