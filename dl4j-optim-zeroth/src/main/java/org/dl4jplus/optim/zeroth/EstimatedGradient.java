package org.dl4jplus.optim.zeroth;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.ToDoubleFunction;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator.Estimate;
import org.dl4jplus.optim.zeroth.estimate.NodePerturbation;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Any updater on any estimate of the gradient: with Adam it is ZO-AdaMM, with Nesterovs ZO
 * momentum, with signs ZO-signSGD, with SPSA's schedules SPSA.
 *
 * <ul>
 *   <li>estimator: default central differences along one Gaussian
 *   <li>updater: of the platform or of dl4j-optim-first; it sees each variable as a vector; default
 *       Sgd(1e-3)
 *   <li>mu: step of differences, above 0; default by the estimator's {@code steps()}, from the
 *       parameters of each step; muSchedule takes its place
 *   <li>noise: distribution of the directions; default the estimator's
 *   <li>seed: of the run; default 0
 * </ul>
 *
 * <p>Estimate and updater take a few vectors of the parameters' size. A step with a loss that is
 * not finite is skipped.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class EstimatedGradient extends ZerothOrderMethod {

  private static final Map<GradientState, ArrayOptimizer> RUNNING =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final GradientEstimator estimator;
  private final IUpdater updater;
  private final Double mu;
  private final ISchedule muSchedule;
  private final Distribution noise;
  private final long seed;

  @Builder
  @JsonCreator
  private EstimatedGradient(
      @JsonProperty("estimator") GradientEstimator estimator,
      @JsonProperty("updater") IUpdater updater,
      @JsonProperty("mu") Double mu,
      @JsonProperty("muSchedule") ISchedule muSchedule,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("seed") Long seed) {
    this.estimator = estimator == null ? RandomizedGradient.builder().build() : estimator;
    this.updater = updater == null ? new Sgd(1e-3) : updater;
    this.mu = mu == null ? null : Double.valueOf(Require.positive("mu", mu, 1));
    this.muSchedule = muSchedule;
    this.noise = noise == null ? this.estimator.distribution() : noise;
    if (this.noise == Distribution.UNIFORM) {
      throw new IllegalArgumentException("noise = UNIFORM has no mean of 0: choose another one");
    }
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  public double step(ZoStep step) {
    return step(step, Directions.of(noise, seed, 0));
  }

  /**
   * Makes a step along directions of another source.
   *
   * @param step the step
   * @param directions the source, over the entries that may move
   * @return the loss to report; not finite if the step was skipped
   */
  public double step(ZoStep step, Directions directions) {
    INDArray parameters = step.problem().parameters();
    List<Stretch> stretches = step.problem().stretches();
    double[] all = parameters.toDoubleVector();
    double[] x = gather(stretches, all);
    Estimate estimate;
    try {
      estimate =
          estimate(
              estimator,
              step,
              true,
              point -> {
                put(step, all, point);
                return step.problem().loss();
              },
              x,
              directions,
              mu(step, parameters));
    } finally {
      put(step, all, x);
    }
    if (!Double.isFinite(estimate.value())) {
      return Double.NaN;
    }
    INDArray[] live =
        stretches.stream()
            .map(s -> parameters.get(NDArrayIndex.interval(s.from(), s.to())))
            .toArray(INDArray[]::new);
    ArrayOptimizer optimizer =
        RUNNING.computeIfAbsent(step.state(), state -> optimizer(state, live));
    INDArray[] gradients = new INDArray[live.length];
    int at = 0;
    for (int i = 0; i < live.length; i++) {
      int length = (int) live[i].length();
      double[] part = Arrays.copyOfRange(estimate.gradient(), at, at + length);
      gradients[i] = Nd4j.createFromArray(part).castTo(parameters.dataType());
      at += length;
    }
    optimizer.step(step.iteration(), step.epoch(), gradients);
    if (optimizer.state() != null) {
      step.state()
          .vector(estimator.memory(), () -> optimizer.state().dup())
          .assign(optimizer.state());
    }
    return estimate.value();
  }

  /** An estimate of a function at x, or of a network by what happens inside. */
  static Estimate estimate(
      GradientEstimator estimator,
      ZoStep step,
      boolean penalized,
      ToDoubleFunction<double[]> function,
      double[] x,
      Directions directions,
      double mu) {
    return estimator instanceof NodePerturbation nodes
        ? nodes.estimate(step.problem(), penalized, directions, mu, step.iteration())
        : estimator.estimate(function, x, directions, mu, step.iteration(), step.state());
  }

  /** A run that goes on takes the updater's state from where the last step left it. */
  private ArrayOptimizer optimizer(GradientState state, INDArray[] live) {
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), live);
    INDArray saved = state.vector(estimator.memory());
    if (optimizer.state() != null && saved != null) {
      optimizer.state().assign(saved);
    }
    return optimizer;
  }

  private double mu(ZoStep step, INDArray parameters) {
    if (muSchedule != null) {
      return muSchedule.valueAt(step.iteration(), step.epoch());
    }
    return mu == null ? estimator.steps().defaultMu(parameters) : mu;
  }

  static double[] gather(List<Stretch> stretches, double[] all) {
    double[] x = new double[(int) stretches.stream().mapToLong(s -> s.to() - s.from()).sum()];
    int at = 0;
    for (Stretch stretch : stretches) {
      int length = (int) (stretch.to() - stretch.from());
      System.arraycopy(all, (int) stretch.from(), x, at, length);
      at += length;
    }
    return x;
  }

  static void put(ZoStep step, double[] all, double[] point) {
    int at = 0;
    for (Stretch stretch : step.problem().stretches()) {
      int length = (int) (stretch.to() - stretch.from());
      System.arraycopy(point, at, all, (int) stretch.from(), length);
      at += length;
    }
    step.perturber()
        .apply(
            (x, from, length, decays, scratch) -> System.arraycopy(all, (int) from, x, 0, length));
  }
}
