package org.dl4jplus.privacy.accounting;

/** Adds up releases and says what they come to. */
public interface PrivacyAccountant {

  /**
   * Adds a release that is made several times.
   *
   * @param event the release
   * @param count how many times, at least 0
   * @return this
   * @throws IllegalArgumentException for an event that this accountant cannot handle or that does
   *     not hold under the ledger's relation
   */
  PrivacyAccountant compose(PrivacyEvent event, long count);

  /**
   * The smallest epsilon known for a delta.
   *
   * @param delta in [0, 1)
   * @return at least 0; infinite where there is no guarantee
   */
  double epsilon(double delta);

  /**
   * The smallest delta known for an epsilon.
   *
   * @param epsilon at least 0
   * @return in [0, 1]
   */
  double delta(double epsilon);

  /**
   * What was added.
   *
   * @return a copy
   */
  PrivacyLedger ledger();

  /**
   * Whether the numbers are approximations that can be smaller than the truth.
   *
   * @return false for upper bounds
   */
  default boolean approximate() {
    return false;
  }
}
