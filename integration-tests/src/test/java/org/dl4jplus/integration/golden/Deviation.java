package org.dl4jplus.integration.golden;

/** The largest deviation from the recorded numbers: |a - b| / max(1, |b|). */
final class Deviation {

  private double worst;
  private String where = "nowhere";

  /**
   * Compares two arrays.
   *
   * @param what field and step, for the message
   * @param expected recorded
   * @param actual computed
   */
  void compare(String what, double[] expected, double[] actual) {
    if (expected.length != actual.length) {
      worst = Double.POSITIVE_INFINITY;
      where = what + ": " + actual.length + " values instead of " + expected.length;
      return;
    }
    for (int i = 0; i < expected.length; i++) {
      double deviation = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
      // Not a number is the worst there is.
      if (!(deviation <= worst)) {
        worst = Double.isNaN(deviation) ? Double.POSITIVE_INFINITY : deviation;
        where = what + "[" + i + "]: " + actual[i] + " instead of " + expected[i];
      }
    }
  }

  double worst() {
    return worst;
  }

  @Override
  public String toString() {
    return worst + " at " + where;
  }
}
