package org.dl4jplus.integration.quickstart;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** How the quickstart writes its numbers. */
final class Numbers {

  private Numbers() {}

  static String rate(double rate) {
    return plain(rate);
  }

  /** Two significant digits, no exponent. */
  private static String plain(double value) {
    return new BigDecimal(value, new MathContext(2)).stripTrailingZeros().toPlainString();
  }

  static String loss(double loss) {
    if (!Double.isFinite(loss)) {
      return "diverged";
    }
    // A mean of floors may be off by rounding.
    if (loss <= 1.001 * Outcome.FLOOR) {
      return "< " + plain(Outcome.FLOOR);
    }
    return plain(loss);
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** Epochs to the target. */
  static String epochs(Outcome outcome) {
    double epochs = outcome.epochsToTarget();
    return Double.isFinite(epochs)
        ? String.format(Locale.ROOT, "%.1f", epochs)
        : "%d of %d seeds".formatted(outcome.reached(), outcome.runs().size());
  }
}
