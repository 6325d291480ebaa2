package org.dl4jplus.optim.first;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
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
    INDArray parameters = model.params().dup();
    for (UpdaterBlock block : blocks(model)) {
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

  /** The blocks of a network's updater. */
  static Iterable<UpdaterBlock> blocks(Model model) {
    Object updater;
    if (model instanceof MultiLayerNetwork network) {
      updater = network.getUpdater();
    } else if (model instanceof ComputationGraph graph) {
      updater = graph.getUpdater();
    } else {
      throw new IllegalArgumentException(
          "model must be a MultiLayerNetwork or a ComputationGraph, got "
              + (model == null ? null : model.getClass().getName()));
    }
    return ((BaseMultiLayerUpdater<?>) updater).getUpdaterBlocks();
  }
}
