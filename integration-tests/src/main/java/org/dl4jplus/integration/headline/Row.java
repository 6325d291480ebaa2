package org.dl4jplus.integration.headline;

import java.util.Locale;
import java.util.function.DoubleBinaryOperator;

/**
 * One claim and what was measured.
 *
 * @param claim what is claimed
 * @param baseline what it is compared with
 * @param baselineValue the baseline's figure, a mean over seeds unless the claim says otherwise
 * @param ours the method
 * @param oursValue the method's figure
 * @param comparison how the two are compared: "ratio" or "difference"
 * @param figure ours compared with the baseline
 * @param bar what the figure is held to
 */
record Row(
    String claim,
    String baseline,
    double baselineValue,
    String ours,
    double oursValue,
    String comparison,
    double figure,
    Bar bar) {

  static Row ratio(
      String claim, String baseline, double baselineValue, String ours, double oursValue, Bar bar) {
    return of(claim, baseline, baselineValue, ours, oursValue, "ratio", (o, b) -> o / b, bar);
  }

  static Row difference(
      String claim, String baseline, double baselineValue, String ours, double oursValue, Bar bar) {
    return of(claim, baseline, baselineValue, ours, oursValue, "difference", (o, b) -> o - b, bar);
  }

  private static Row of(
      String claim,
      String baseline,
      double baselineValue,
      String ours,
      double oursValue,
      String comparison,
      DoubleBinaryOperator compare,
      Bar bar) {
    return new Row(
        claim,
        baseline,
        baselineValue,
        ours,
        oursValue,
        comparison,
        compare.applyAsDouble(oursValue, baselineValue),
        bar);
  }

  /** Whether the claim showed; never for a figure that is not a number. */
  boolean holds() {
    return bar.holds(figure);
  }

  static String number(double value) {
    return String.format(Locale.ROOT, "%.3g", value);
  }
}
