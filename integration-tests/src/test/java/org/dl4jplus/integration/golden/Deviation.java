package org.dl4jplus.integration.golden;

import java.util.function.Supplier;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The largest deviation from the recorded numbers: |a - b| / max(1, |b|). */
final class Deviation {

  private double worst;
  private String where = "nowhere";
  private int comparisons;

  /**
   * Compares two arrays.
   *
   * @param what field and step, for the message
   * @param expected recorded
   * @param actual computed
   */
  void compare(String what, double[] expected, double[] actual) {
    comparisons++;
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

  /**
   * Compares a field that not every case records.
   *
   * @param one the case
   * @param field its field, an array or one number; passed over where there is none
   * @param actual computes it
   */
  void compare(JsonNode one, String field, Supplier<double[]> actual) {
    if (one.hasNonNull(field)) {
      String what = one.path("name").asText() + " " + field;
      compare(what, GaussianProcessAdapter.list(one, field), actual.get());
    }
  }

  /** Whether anything was compared. */
  boolean isEmpty() {
    return comparisons == 0;
  }

  double worst() {
    return worst;
  }

  @Override
  public String toString() {
    return worst + " at " + where;
  }
}
