package org.dl4jplus.integration.quickstart;

import java.util.List;
import org.dl4jplus.optim.first.Adan;
import org.nd4j.linalg.learning.config.Adam;

/** The methods that the quickstart compares, the baseline first. Another method is a line here. */
final class Methods {

  private static final List<Double> ADAM_LIKE = List.of(0.01, 0.03, 0.1);

  private Methods() {}

  /**
   * The methods.
   *
   * @param steps steps of a whole run, for warm-ups that span it
   */
  static List<Method> all(int steps) {
    return List.of(
        new Method("Adam", ADAM_LIKE, Adam::new), new Method("Adan", ADAM_LIKE, Adan::new));
  }
}
