package org.dl4jplus.privacy;

import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;

/**
 * What a run guarantees so far.
 *
 * @param epsilon of all releases until now; a guarantee only if their number was fixed beforehand
 * @param targetEpsilon what training stops at, the guarantee to quote; null where none was set, or
 *     where it is exceeded or may be
 * @param delta of both
 * @param neighbours what pairs of data sets are hidden
 * @param accountant who counted
 * @param steps how many were made
 * @param records number of records, which is public
 * @param assumption further assumption of the mechanism's analysis, or null
 */
public record DpReport(
    double epsilon,
    Double targetEpsilon,
    double delta,
    Neighbours neighbours,
    Accounting accountant,
    int steps,
    int records,
    String assumption) {

  /** The report in words. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    if (targetEpsilon != null) {
      text.append(
          String.format("Guarantee: epsilon <= %.4g at delta = %.3g. ", targetEpsilon, delta));
    }
    text.append(
        String.format(
            "After %d steps the accountant (%s) has epsilon = %.4g at delta = %.3g%s. Neighbours: %s;"
                + " the number of records (%d) and all settings are public; choices that were made by"
                + " looking at the data in other runs are not counted",
            steps,
            accountant,
            epsilon,
            delta,
            targetEpsilon == null
                ? ", a guarantee if the number of steps was fixed beforehand"
                : "",
            neighbours,
            records));
    if (assumption != null) {
      text.append(". Assumes: ").append(assumption);
    }
    return text.append('.').toString();
  }
}
