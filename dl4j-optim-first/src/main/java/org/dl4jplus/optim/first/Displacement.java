package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.updater.Step;

/**
 * How far the parameters have come from where they started: what DoG and its kin measure steps by.
 */
final class Displacement {

  private Displacement() {}

  /**
   * The first guess of the distance to the solution.
   *
   * @param step the first step
   * @param relative factor of 1 + ||x0||
   * @param absolute the guess itself; null for the relative one
   * @return the guess
   */
  static double initial(Step step, double relative, Double absolute) {
    return absolute != null
        ? absolute
        : relative * (1 + Math.sqrt(step.sum(lane -> lane.parameters().squaredNorm())));
  }
}
