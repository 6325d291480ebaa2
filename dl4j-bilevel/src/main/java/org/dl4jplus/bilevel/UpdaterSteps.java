package org.dl4jplus.bilevel;

import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Steps of an updater on vectors, with its memory in the run's state, one for each name.
 *
 * @param updater of the platform or of this project; its learning rate does not count
 * @param state takes the memory
 */
record UpdaterSteps(IUpdater updater, BilevelState state) {

  static IUpdater checked(IUpdater updater) {
    if (updater instanceof AbstractUpdater own && own.needsBinding()) {
      throw new IllegalArgumentException(
          "updater must be one that works on any vector, got "
              + updater.getClass().getSimpleName()
              + ", which needs the shapes of the variables");
    }
    return updater;
  }

  /**
   * parameters <- (1 - rate decay) parameters - update(gradient), the decay apart from the updater
   * as in AdamW.
   */
  void step(String name, INDArray parameters, INDArray gradient, double rate, double decay) {
    IUpdater configured = updater.clone();
    if (configured.hasLearningRate()) {
      configured.setLrAndSchedule(rate, null);
    }
    String memoryName = "updater." + name;
    int count = (int) state.scalar(memoryName, 0);
    long size = configured.stateSize(parameters.length());
    INDArray memory =
        size == 0
            ? null
            : state.vector(memoryName, () -> Nd4j.zeros(parameters.dataType(), 1, size));
    INDArray update = gradient.dup();
    configured.instantiate(memory, count == 0).applyUpdater(update, count, 0);
    if (decay > 0) {
      parameters.muli(1 - rate * decay);
    }
    parameters.subi(update);
    state.setScalar(memoryName, count + 1);
  }
}
