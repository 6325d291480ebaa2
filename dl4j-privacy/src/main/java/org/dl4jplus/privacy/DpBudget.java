package org.dl4jplus.privacy;

import java.util.function.IntFunction;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;

/** Says whether a step keeps the target, without asking the accountant at every step. */
final class DpBudget {

  private final Accounting accounting;
  private final double targetEpsilon;
  private final double delta;
  private final IntFunction<PrivacyEvent> events;
  private int horizon;

  DpBudget(
      Accounting accounting, double targetEpsilon, double delta, IntFunction<PrivacyEvent> events) {
    this.accounting = accounting;
    this.targetEpsilon = targetEpsilon;
    this.delta = delta;
    this.events = events;
  }

  /**
   * Whether a step keeps the target.
   *
   * @param spent all that was released before it
   * @param step its number
   * @param guess how many steps are likely to come, at least 1
   */
  boolean allows(PrivacyLedger spent, int step, int guess) {
    if (step < horizon) {
      return true;
    }
    int good = 0;
    int bad = guess + 1;
    int tried = guess;
    while (bad - good > 1) {
      if (within(spent, step, tried)) {
        good = tried;
      } else {
        bad = tried;
      }
      tried = good + (bad - good) / 2;
    }
    horizon = step + good;
    return good > 0;
  }

  /** After a release that was not a step. */
  void forget() {
    horizon = 0;
  }

  /** Whether a release that is no step keeps the target. */
  boolean allows(PrivacyLedger spent, PrivacyEvent event) {
    PrivacyLedger ledger = spent.copy();
    ledger.add(event, 1);
    return epsilon(accounting, ledger, delta) <= targetEpsilon;
  }

  private boolean within(PrivacyLedger spent, int step, int count) {
    return epsilon(accounting, with(spent, events, step, count), delta) <= targetEpsilon;
  }

  /** A ledger with some more steps. */
  static PrivacyLedger with(
      PrivacyLedger spent, IntFunction<PrivacyEvent> events, int step, int count) {
    PrivacyLedger ledger = spent.copy();
    for (int i = step; i < step + count; i++) {
      PrivacyEvent event = events.apply(i);
      if (event != null) {
        ledger.add(event, 1);
      }
    }
    return ledger;
  }

  static double epsilon(Accounting accounting, PrivacyLedger ledger, double delta) {
    return accounting.create(ledger).epsilon(delta);
  }
}
