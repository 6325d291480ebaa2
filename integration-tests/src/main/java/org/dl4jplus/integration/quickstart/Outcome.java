package org.dl4jplus.integration.quickstart;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a method did at one learning rate.
 *
 * @param method the method
 * @param rate the learning rate
 * @param runs one run for each seed
 */
record Outcome(Method method, double rate, List<Run> runs) {

  /** Training loss that counts as solved. */
  static final double TARGET = 0.03;

  /** Smaller losses are shown as this: below it a float loss is rounding. */
  static final double FLOOR = 1e-6;

  /** Mean over the seeds of the epochs that the target took; infinite if a seed missed it. */
  double epochsToTarget() {
    return solved() < runs.size() ? Double.POSITIVE_INFINITY : mean(run -> run.epochsTo(TARGET));
  }

  /** Number of seeds that reached the target. */
  long solved() {
    return runs.stream().filter(run -> run.epochsTo(TARGET) > 0).count();
  }

  /** Geometric mean over the seeds of the loss after an epoch; infinite if a run diverged. */
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

  double seconds() {
    return mean(Run::seconds);
  }

  private double mean(ToDoubleFunction<Run> value) {
    return runs.stream().mapToDouble(value).average().orElseThrow();
  }
}
