package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.oracle.GradientTurn;

/** How far methods for games look ahead. */
final class Lookaheads {

  private Lookaheads() {}

  /** The given length, or the updater's rate in this iteration. */
  static double gamma(Double given, GradientTurn turn) {
    double gamma = given == null ? turn.learningRate() : given;
    if (Double.isNaN(gamma)) {
      throw new IllegalStateException(
          "gamma must be set: the network's updater has no learning rate to take its place");
    }
    return gamma;
  }
}
