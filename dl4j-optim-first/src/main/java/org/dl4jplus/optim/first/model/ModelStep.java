package org.dl4jplus.optim.first.model;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.dl4jplus.optim.first.model.ModelAccess.Range;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * One training step of a network whose gradient was made elsewhere: the platform's updaters,
 * regularization, gradient normalization, listeners, count of iterations and constraints, without a
 * pass through the network.
 */
public final class ModelStep {

  private final Model model;
  private final ModelAccess access;
  private final List<Range> ranges;

  /**
   * Steps of a network.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph that has seen a backward pass
   */
  public ModelStep(Model model) {
    this.model = model;
    access = ModelAccess.of(model);
    ranges = access.trainableRanges();
  }

  /**
   * Makes the step.
   *
   * @param gradient gradient of the mean loss over the trainable parameters, of shape [n] and the
   *     parameters' type; it is not divided by any batch size
   */
  public void apply(INDArray gradient) {
    INDArray view = access.gradient();
    view.assign(0);
    long at = 0;
    for (Range range : ranges) {
      long length = range.to() - range.from();
      view.get(NDArrayIndex.interval(range.from(), range.to()))
          .assign(gradient.get(NDArrayIndex.interval(at, at + length)));
      at += length;
    }
    BaseMultiLayerUpdater<?> updater =
        (BaseMultiLayerUpdater<?>)
            (model instanceof ComputationGraph graph
                ? graph.getUpdater()
                : ((MultiLayerNetwork) model).getUpdater());
    int iteration = access.iteration();
    int epoch = access.epoch();
    updater.update(
        model.gradient(), iteration, epoch, 1, LayerWorkspaceMgr.noWorkspacesImmutable());
    access.parameters().subi(view);
    for (TrainingListener listener : new ArrayList<>(access.listeners())) {
      listener.iterationDone(model, iteration, epoch);
    }
    BaseOptimizer.incrementIterationCount(model, 1);
    access.applyConstraints();
  }
}
