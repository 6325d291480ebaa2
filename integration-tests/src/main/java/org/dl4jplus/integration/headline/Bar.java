package org.dl4jplus.integration.headline;

import java.util.Locale;

/**
 * What a measured figure is held to.
 *
 * @param atMost true for an upper bound, false for a lower one
 * @param value the bound
 */
record Bar(boolean atMost, double value) {

  /** Nothing is claimed: the figure is for the reader. */
  static final Bar NONE = atMost(Double.POSITIVE_INFINITY);

  static Bar atMost(double value) {
    return new Bar(true, value);
  }

  static Bar atLeast(double value) {
    return new Bar(false, value);
  }

  boolean holds(double figure) {
    return atMost ? figure <= value : figure >= value;
  }

  String text() {
    if (this == NONE) {
      return "none";
    }
    return (atMost ? "<= " : ">= ") + String.format(Locale.ROOT, "%.3g", value);
  }
}
