package org.dl4jplus.integration.quickstart;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a method did at one learning rate.
 *
 * @param rate the learning rate
 * @param runs one run for each seed
 */
record Outcome(double rate, List<Run> runs) {

  /** Training loss that counts as reached. */
  static final double TARGET = 0.03;

  /** Smaller losses count as this one: so near to 0, single precision shows rounding. */
  static final double FLOOR = 1e-6;

  /** Number of seeds that reached the target. */
  long reached() {
    return runs.stream().filter(run -> run.epochsTo(TARGET) > 0).count();
  }

  /** Mean over the seeds of the epochs that the target took; infinite if a seed missed it. */
  double epochsToTarget() {
    return reached() < runs.size() ? Double.POSITIVE_INFINITY : mean(run -> run.epochsTo(TARGET));
  }

  /** Geometric mean over the seeds of the loss after an epoch; infinite if one is not finite. */
  double loss(int epoch) {
    double log = mean(run -> Math.log(Math.max(run.losses()[epoch], FLOOR)));
    return Double.isNaN(log) ? Double.POSITIVE_INFINITY : Math.exp(log);
  }

  double finalLoss() {
    return loss(epochs());
  }

  int epochs() {
    return runs.get(0).losses().length - 1;
  }

  double accuracy() {
    return mean(Run::accuracy);
  }

  private double mean(ToDoubleFunction<Run> value) {
    return runs.stream().mapToDouble(value).average().orElseThrow();
  }
}
