package org.dl4jplus.integration.quickstart;

import java.util.List;
import org.dl4jplus.optim.first.AdEMAMix;
import org.dl4jplus.optim.first.Adan;
import org.dl4jplus.optim.first.Cautious;
import org.dl4jplus.optim.first.Lion;
import org.dl4jplus.optim.first.Muon;
import org.dl4jplus.optim.first.ScheduleFree;
import org.dl4jplus.optim.first.ScheduleFreeAdamW;
import org.dl4jplus.optim.first.Soap;
import org.nd4j.linalg.learning.config.Adam;

/** The methods that the quickstart compares, the baseline first. Another method is a line here. */
final class Methods {

  /** Rates around the best for most methods; where the best lies elsewhere, the rates do too. */
  private static final List<Double> ADAM_LIKE = List.of(0.01, 0.03, 0.1);

  private Methods() {}

  /**
   * The methods.
   *
   * @param steps steps of a whole run, for warm-ups that span it
   */
  static List<Method> all(int steps) {
    return List.of(
        new Method("Adam", ADAM_LIKE, Adam::new),
        new Method("Adan", List.of(0.03, 0.1, 0.3), Adan::new),
        new Method(
            "AdEMAMix",
            List.of(0.003, 0.01, 0.03),
            rate ->
                AdEMAMix.builder()
                    .learningRate(rate)
                    .beta3(0.99)
                    .alphaWarmup(steps)
                    .beta3Warmup(steps)
                    .build()),
        new Method("Lion", List.of(0.001, 0.003, 0.01), Lion::new),
        new Method("Cautious(Adam)", ADAM_LIKE, rate -> new Cautious(new Adam(rate))),
        new Method(
            "Schedule-Free AdamW",
            List.of(0.1, 0.3, 1.0),
            rate -> ScheduleFreeAdamW.builder().learningRate(rate).warmupSteps(20).build(),
            new ScheduleFree.Listener()),
        new Method(
            "Muon",
            ADAM_LIKE,
            rate -> Muon.builder().learningRate(rate).auxLearningRate(0.01).build()),
        new Method("SOAP", ADAM_LIKE, Soap::new));
  }
}
