package org.dl4jplus.integration.quickstart;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * What a method did.
 *
 * @param method the method
 * @param grid its outcomes, one for each learning rate
 */
record Result(Method method, List<Outcome> grid) {

  /** The outcome at the rate with the lowest final loss. */
  Outcome best() {
    return grid.stream().min(Comparator.comparingDouble(Outcome::finalLoss)).orElseThrow();
  }

  /** Time of the fastest epoch of all runs: what else the machine does only adds to it. */
  double secondsPerEpoch() {
    return grid.stream()
        .flatMap(outcome -> outcome.runs().stream())
        .flatMapToDouble(run -> Arrays.stream(run.seconds()))
        .min()
        .orElseThrow();
  }
}
