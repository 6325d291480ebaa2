package org.dl4jplus.optim.first;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.StateUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The parameters that a method wants to be judged by, where they are not those at which it takes
 * gradients (Schedule-Free, U-DoG, ...). For other updaters they are the network's own.
 */
public final class AveragedParameters {

  private AveragedParameters() {}

  /**
   * The averaged parameters of a network.
   *
   * @param model a MultiLayerNetwork or ComputationGraph; not changed
   * @return a copy in the layout of {@code model.params()}
   */
  public static INDArray of(Model model) {
    ModelAccess access = ModelAccess.of(model);
    INDArray parameters = access.parameters().dup();
    for (UpdaterBlock block : access.updaterBlocks()) {
      if (block.getGradientUpdater() instanceof StateUpdater updater) {
        updater.toAveraged(
            parameters.get(
                NDArrayIndex.interval(block.getParamOffsetStart(), block.getParamOffsetEnd())));
      }
    }
    return parameters;
  }

  /**
   * The averaged parameters of a loop over arrays.
   *
   * @param optimizer the loop; not changed
   * @return a flat copy, one array after the other, each in the order of its memory
   */
  public static INDArray of(ArrayOptimizer optimizer) {
    INDArray parameters = optimizer.flatParameters();
    if (optimizer.gradientUpdater() instanceof StateUpdater updater) {
      updater.toAveraged(parameters);
    }
    return parameters;
  }
}
