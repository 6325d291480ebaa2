package org.dl4jplus.optim.zeroth;

import java.io.Serializable;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.UnrolledProblem;
import org.dl4jplus.optim.zeroth.search.UnrolledRun;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * Evolution strategies that estimate the gradient of outer parameters through a long inner problem,
 * a truncation of it at a time.
 *
 * <p>N particles in antithetic pairs evaluate the inner problem at {@code theta + eps_i}. A pair
 * has the start of its inner problem and its data in common; pairs have their own. The subclasses
 * differ in where the particles go on and in what their losses are multiplied with.
 *
 * <ul>
 *   <li>particles: N, even, at least 2; default 100
 *   <li>sigma: standard deviation of the perturbations, above 0; default 0.1
 *   <li>truncation: K, inner steps of an estimate, at least 1; default 10
 *   <li>horizon: T, inner steps after which an inner problem begins anew, at least K; default 100.
 *       Where K does not divide T, the last truncation goes beyond it
 *   <li>stagger: whether the pairs begin at different places of the first inner problem, so that
 *       they do not begin anew all at once; default false
 *   <li>lossClip: whether a loss that is not finite counts as the largest finite one of the batch;
 *       default true. Without it, and where none is finite, there is no estimate
 *   <li>noise: distribution of the perturbations; default GAUSSIAN
 *   <li>seed: of the run, default 0
 * </ul>
 */
@Getter
@ToString
@EqualsAndHashCode
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public abstract class UnrolledES implements Serializable {

  private final int particles;
  private final double sigma;
  private final int truncation;
  private final int horizon;
  private final boolean stagger;
  private final boolean lossClip;
  private final Distribution noise;
  private final long seed;

  UnrolledES(
      Integer particles,
      Double sigma,
      Integer truncation,
      Integer horizon,
      Boolean stagger,
      Boolean lossClip,
      Distribution noise,
      Long seed) {
    this.particles = Require.atLeast("particles", particles, 100, 2);
    Require.check(this.particles % 2 == 0, "particles", this.particles, "even");
    this.sigma = Require.positive("sigma", sigma, 0.1);
    this.truncation = Require.count("truncation", truncation, 10);
    this.horizon =
        Require.atLeast("horizon", horizon, Math.max(100, this.truncation), this.truncation);
    this.stagger = stagger != null && stagger;
    this.lossClip = lossClip == null || lossClip;
    this.noise = noise == null ? Distribution.GAUSSIAN : noise;
    if (this.noise == Distribution.UNIFORM) {
      throw new IllegalArgumentException("noise = UNIFORM has no mean of 0: choose another one");
    }
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * A run.
   *
   * @param problem the inner problem
   * @param <S> its states
   * @return the run
   */
  public final <S extends Serializable> UnrolledRun<S> run(UnrolledProblem<S> problem) {
    return new UnrolledRun<>(this, problem, null);
  }

  /**
   * Goes on with a run that was saved.
   *
   * @param problem the inner problem
   * @param saved by {@link UnrolledRun#save}
   * @param <S> its states
   * @return the run
   */
  public final <S extends Serializable> UnrolledRun<S> run(
      UnrolledProblem<S> problem, UnrolledRun.Saved<S> saved) {
    return new UnrolledRun<>(this, problem, saved);
  }

  /**
   * Minimises the losses, with a step of an updater after each truncation that gave an estimate.
   *
   * @param problem the inner problem
   * @param theta outer parameters, of shape [n]; moved in place
   * @param updater makes steps of the estimates
   * @param truncations how many
   * @param <S> states of the problem
   * @return the run; its last loss is {@link UnrolledRun#loss}
   */
  public final <S extends Serializable> UnrolledRun<S> minimize(
      UnrolledProblem<S> problem, INDArray theta, IUpdater updater, int truncations) {
    Require.given("theta", theta);
    Require.given("updater", updater);
    UnrolledRun<S> run = run(problem);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, java.util.List.of(), theta);
    for (int i = 0; i < truncations; i++) {
      INDArray gradient = run.gradient(theta);
      if (Double.isFinite(run.loss())) {
        optimizer.step(gradient.castTo(theta.dataType()));
      }
    }
    return run;
  }
}
