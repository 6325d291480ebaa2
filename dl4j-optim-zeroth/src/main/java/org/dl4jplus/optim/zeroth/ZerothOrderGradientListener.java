package org.dl4jplus.optim.zeroth;

import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator.Estimate;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Puts an estimate of the gradient in the place of the one that was computed, for the network's own
 * updater. The backward pass is run all the same: this is to compare, {@link EstimatedGradient} is
 * to train without.
 *
 * <pre>{@code
 * network.setListeners(new ZerothOrderGradientListener(CoordinateGradient.builder().build(), 0));
 * }</pre>
 *
 * <p>The estimate is of the loss without L1 and L2 terms, which the updater adds by itself, in
 * inference mode and with the estimator's default step. Where a loss is not finite, the computed
 * gradient stays.
 */
public final class ZerothOrderGradientListener extends BaseTrainingListener
    implements Serializable {

  private final GradientEstimator estimator;
  private final long seed;
  private transient Map<Model, GradientState> states;

  /**
   * A listener.
   *
   * @param estimator of the gradient
   * @param seed of its directions
   */
  public ZerothOrderGradientListener(GradientEstimator estimator, long seed) {
    Require.given("estimator", estimator);
    this.estimator = estimator;
    this.seed = seed;
  }

  private synchronized GradientState state(Model model) {
    if (states == null) {
      states = Collections.synchronizedMap(new WeakHashMap<>());
    }
    return states.computeIfAbsent(model, m -> new GradientState());
  }

  @Override
  @SuppressWarnings("try") // The scope is left by closing it.
  public void onGradientCalculation(Model model) {
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      replace(model);
    }
  }

  private void replace(Model model) {
    ModelAccess access = ModelAccess.of(model);
    access.requireSecondPass();
    ModelObjective objective = new ModelObjective(model);
    objective.useCurrentBatch();
    List<Stretch> stretches = objective.stretches();
    INDArray parameters = objective.parameters();
    ZoStep step =
        new ZoStep(
            objective,
            new Perturber(parameters, stretches),
            access.iteration(),
            access.epoch(),
            state(model));
    double[] all = parameters.toDoubleVector();
    double[] x = EstimatedGradient.gather(stretches, all);
    Estimate estimate;
    try {
      estimate =
          EstimatedGradient.estimate(
              estimator,
              step,
              false,
              point -> {
                EstimatedGradient.put(step, all, point);
                return objective.loss() - access.penalty();
              },
              x,
              Directions.of(estimator.distribution(), seed, 0),
              estimator.steps().defaultMu(parameters));
    } finally {
      EstimatedGradient.put(step, all, x);
      objective.batch().set(model);
    }
    if (!Double.isFinite(estimate.value())) {
      return;
    }
    INDArray gradient = access.gradient();
    INDArray row = Nd4j.createFromArray(estimate.gradient()).muli(access.gradientScale());
    long at = 0;
    for (Stretch stretch : stretches) {
      long length = stretch.to() - stretch.from();
      gradient
          .get(NDArrayIndex.interval(stretch.from(), stretch.to()))
          .assign(row.get(NDArrayIndex.interval(at, at + length)));
      at += length;
    }
  }
}
