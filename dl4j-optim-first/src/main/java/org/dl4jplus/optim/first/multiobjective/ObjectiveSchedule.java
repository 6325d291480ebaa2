package org.dl4jplus.optim.first.multiobjective;

import java.io.Serializable;

/** Which objectives are evaluated in which iteration. */
@FunctionalInterface
public interface ObjectiveSchedule extends Serializable {

  /**
   * The objectives of an iteration.
   *
   * @param iteration from 0
   * @param objectives how many there are
   * @return different indices from 0
   */
  int[] indices(int iteration, int objectives);

  /**
   * One objective after the other.
   *
   * @return a schedule
   */
  static ObjectiveSchedule alternating() {
    return (iteration, objectives) -> new int[] {iteration % objectives};
  }
}
