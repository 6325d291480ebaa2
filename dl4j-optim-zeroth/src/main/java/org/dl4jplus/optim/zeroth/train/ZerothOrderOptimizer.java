package org.dl4jplus.optim.zeroth.train;

import java.util.ArrayList;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.deeplearning4j.optimize.solvers.StochasticGradientDescent;
import org.deeplearning4j.optimize.stepfunctions.NegativeDefaultStepFunction;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Stands where the platform's fit asks for a step: it makes one without a backward pass and then
 * does what the platform does after each step, listeners, count of iterations and constraints.
 */
public final class ZerothOrderOptimizer extends StochasticGradientDescent {

  private static final long serialVersionUID = 1;

  private final transient ToDoubleFunction<Model> method;

  /**
   * An optimizer.
   *
   * @param network the platform's object
   * @param method makes a step on the network's current batch and returns the loss to report, not
   *     finite if the step was skipped
   */
  public ZerothOrderOptimizer(Model network, ToDoubleFunction<Model> method) {
    super(
        network.conf(),
        new NegativeDefaultStepFunction(),
        new ArrayList<>(ModelAccess.of(network).listeners()),
        network);
    this.method = method;
  }

  @Override
  @SuppressWarnings("try") // The scope is left by closing it.
  public boolean optimize(LayerWorkspaceMgr workspaceMgr) {
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      ModelAccess access = ModelAccess.of(model);
      access.requireSecondPass();
      score = method.applyAsDouble(model);
      access.setScore(score);
      for (TrainingListener listener : trainingListeners) {
        listener.iterationDone(model, access.iteration(), access.epoch());
      }
      BaseOptimizer.incrementIterationCount(model, 1);
      access.applyConstraints();
    }
    return true;
  }
}
