package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;

/** Heavy-ball momentum with its factors apart, for the methods that place the rate differently. */
final class HeavyBallRule {

  private HeavyBallRule() {}

  /**
   * {@code buffer = momentum*buffer + gain*g; u = forBuffer*buffer + forGradient*g}, with the
   * buffer in the first state vector.
   */
  static void apply(Step step, double momentum, double gain, double forBuffer, double forGradient) {
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector buffer = lane.state(0).combine(momentum, gain, g);
          g.combine(forGradient, forBuffer, buffer);
        });
  }

  /** The rate inside the buffer: {@code v = momentum*v + lr*g; u = v}, or one step ahead of it. */
  static void apply(Step step, double momentum, boolean nesterov) {
    double lr = step.learningRate();
    apply(step, momentum, lr, nesterov ? momentum : 1, nesterov ? lr : 0);
  }
}
