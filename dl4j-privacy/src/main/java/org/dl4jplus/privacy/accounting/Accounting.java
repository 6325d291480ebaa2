package org.dl4jplus.privacy.accounting;

/** The ways to add releases up. */
public enum Accounting {
  /**
   * The distribution of the privacy loss: the smallest epsilon that holds. Answers with the one of
   * Renyi divergences where that is smaller, or delta too small for the other.
   */
  PLD,
  /** Renyi divergences: every event, and a somewhat larger epsilon. */
  RDP,
  /** The central limit: an approximation that can be too small, and no guarantee. */
  GDP;

  /**
   * An accountant without releases.
   *
   * @param neighbours the relation of all its releases
   * @return an accountant
   */
  public PrivacyAccountant create(Neighbours neighbours) {
    return create(new PrivacyLedger(neighbours));
  }

  /**
   * An accountant that goes on from what was released.
   *
   * @param ledger the releases; copied
   * @return an accountant
   */
  public PrivacyAccountant create(PrivacyLedger ledger) {
    return switch (this) {
      case PLD -> PldAccountant.builder().ledger(ledger).tightest(true).build();
      case RDP -> new RdpAccountant(ledger);
      case GDP -> new GdpAccountant(ledger);
    };
  }
}
