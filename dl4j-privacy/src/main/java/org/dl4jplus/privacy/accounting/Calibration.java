package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.check;

/** What a target allows. Every answer is one that meets the target, never just beyond it. */
public final class Calibration {

  private Calibration() {}

  /**
   * The largest number of further steps within a target.
   *
   * @param accounting how releases add up
   * @param spent what was released before
   * @param perStep one step
   * @param targetEpsilon above 0
   * @param delta in [0, 1)
   * @return at least 0: 0 if already the first step, or what was released before, is beyond the
   *     target; {@code Long.MAX_VALUE} if steps cost nothing
   */
  public static long steps(
      Accounting accounting,
      PrivacyLedger spent,
      PrivacyEvent perStep,
      double targetEpsilon,
      double delta) {
    check(targetEpsilon > 0, "targetEpsilon", targetEpsilon, "above 0");
    long good = 0;
    long bad = 1;
    while (within(accounting, spent, perStep, bad, targetEpsilon, delta)) {
      good = bad;
      if (bad > Long.MAX_VALUE / 4) {
        return Long.MAX_VALUE;
      }
      bad *= 2;
    }
    while (bad - good > 1) {
      long middle = good + (bad - good) / 2;
      if (within(accounting, spent, perStep, middle, targetEpsilon, delta)) {
        good = middle;
      } else {
        bad = middle;
      }
    }
    return good;
  }

  private static boolean within(
      Accounting accounting,
      PrivacyLedger spent,
      PrivacyEvent perStep,
      long steps,
      double targetEpsilon,
      double delta) {
    return accounting.create(spent).compose(perStep, steps).epsilon(delta) <= targetEpsilon;
  }
}
