package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;

/** The optimistic step: what is there now against what was there a step ago. */
final class OptimisticCombine {

  private OptimisticCombine() {}

  /**
   * {@code u = forCurrent*x - forPrevious*xPrevious; xPrevious = x}, with x in the lane's gradient.
   * Uses the lane's first scratch vector.
   *
   * @param first whether this is the first step and takes x itself as the previous one
   */
  static void apply(
      Lane lane, double forCurrent, double forPrevious, int previousIndex, boolean first) {
    Vector x = lane.gradient();
    Vector previous = lane.state(previousIndex);
    if (first) {
      previous.set(x);
    }
    Vector u = lane.temp(0).blend(forCurrent, x, -forPrevious, previous);
    previous.set(x);
    x.set(u);
  }
}
