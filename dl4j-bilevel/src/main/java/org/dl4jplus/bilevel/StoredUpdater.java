package org.dl4jplus.bilevel;

import java.util.List;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/** An updater whose memory lies in the state of a run, so that it is saved with it. */
final class StoredUpdater {

  private final ArrayOptimizer optimizer;
  private final BilevelState state;
  private final String name;

  /**
   * Goes on from what the state holds.
   *
   * @param updater any
   * @param name of its memory in the state
   * @param state of the run
   * @param variable what is to be changed, live
   */
  StoredUpdater(IUpdater updater, String name, BilevelState state, INDArray variable) {
    optimizer = new ArrayOptimizer(updater, List.of(), variable);
    this.state = state;
    this.name = name;
    INDArray memory = optimizer.state();
    if (memory != null) {
      memory.assign(state.vector(name, memory::dup));
    }
    optimizer.setIteration(steps(name, state));
  }

  /** How many steps the updater of a name has made. */
  static int steps(String name, BilevelState state) {
    return (int) state.scalar(name, 0);
  }

  void step(INDArray gradient) {
    optimizer.step(gradient);
    state.setScalar(name, optimizer.getIteration());
    if (optimizer.state() != null) {
      state.vector(name).assign(optimizer.state());
    }
  }
}
