package org.dl4jplus.integration.quickstart;

import java.util.List;
import java.util.Locale;

/**
 * Something that the quickstart is to show: a method takes at most so many of the baseline's epochs
 * to the target.
 *
 * @param method the method's name
 * @param limit largest ratio that supports the claim
 */
record Claim(String method, double limit) {

  static final List<Claim> ALL = List.of(new Claim("Cautious(Adam)", 0.8), new Claim("SOAP", 0.6));

  /** What the results say about it, in a sentence. */
  String verdict(List<Result> results) {
    Result baseline = results.get(0);
    Result claimed =
        results.stream().filter(r -> r.method().name().equals(method)).findFirst().orElseThrow();
    double ratio = claimed.best().epochsToTarget() / baseline.best().epochsToTarget();
    return String.format(
        Locale.ROOT,
        "%s takes at most %.1f of %s's epochs to the target: %s (%s)",
        method,
        limit,
        baseline.method().name(),
        ratio <= limit ? "holds" : "does not hold",
        Double.isFinite(ratio)
            ? String.format(Locale.ROOT, "%.2f", ratio)
            : "not every seed reached the target");
  }
}
