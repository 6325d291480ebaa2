package org.dl4jplus.optim.zeroth.estimate;

import java.util.function.ToDoubleFunction;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnore;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * ZO-SVRG: every m steps an estimate g_F at an anchor x_A; in each step, along the same directions,
 *
 * <pre>{@code
 * g = est_B(x) - est_B(x_A) + g_F
 * }</pre>
 *
 * Several directions give ZO-SVRG-Ave, a {@link CoordinateGradient} ZO-SVRG-Coord.
 *
 * <ul>
 *   <li>estimator: est_B, one that remembers nothing; default central differences along 10
 *       Gaussians
 *   <li>anchorEstimator: for g_F; default the same estimator
 *   <li>interval: m, at least 1; default 10
 *   <li>full: the function over all data, of the same variables, for g_F; not written to JSON.
 *       Without it g_F is of the batch of the anchor's step
 * </ul>
 *
 * <p>An anchor where the estimate is not finite is not kept. Source: Sijia Liu, Bhavya Kailkhura,
 * Pin-Yu Chen, Paishun Ting, Shiyu Chang, Lisa Amini, "Zeroth-Order Stochastic Variance Reduction
 * for Nonconvex Optimization", arXiv 1805.10367, 2018.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class VarianceReducedGradient extends GradientEstimator {

  private final GradientEstimator estimator;
  private final GradientEstimator anchorEstimator;
  private final int interval;

  @JsonIgnore @EqualsAndHashCode.Exclude @ToString.Exclude private final transient ZoObjective full;

  @JsonCreator
  private static VarianceReducedGradient fromJson(
      @JsonProperty("estimator") GradientEstimator estimator,
      @JsonProperty("anchorEstimator") GradientEstimator anchorEstimator,
      @JsonProperty("interval") Integer interval) {
    return new VarianceReducedGradient(estimator, anchorEstimator, interval, null);
  }

  @Builder
  private VarianceReducedGradient(
      GradientEstimator estimator,
      GradientEstimator anchorEstimator,
      Integer interval,
      ZoObjective full) {
    this.estimator =
        estimator == null ? RandomizedGradient.builder().queries(10).build() : estimator;
    this.anchorEstimator = anchorEstimator == null ? this.estimator : anchorEstimator;
    if (this.estimator.memory() + this.anchorEstimator.memory() > 0) {
      throw new IllegalArgumentException("estimator must be one that remembers nothing");
    }
    this.interval = Require.count("interval", interval, 10);
    this.full = full;
  }

  @Override
  public Distribution distribution() {
    return estimator.distribution();
  }

  @Override
  public Difference steps() {
    return estimator.steps();
  }

  @Override
  public int memory() {
    return 3;
  }

  @Override
  protected double[] gradient(Probe probe) {
    int d = probe.dimension();
    INDArray anchor = probe.memory().vector(0, () -> Nd4j.zeros(DataType.DOUBLE, d));
    INDArray atAnchor = probe.memory().vector(1, () -> Nd4j.zeros(DataType.DOUBLE, d));
    // How many more steps the anchor serves; none before there is one.
    INDArray left = probe.memory().vector(2, () -> Nd4j.zeros(DataType.DOUBLE, d));
    if (left.getDouble(0) == 0) {
      Probe whole = full == null ? probe : probe.of(values());
      double[] estimate = anchorEstimator.gradient(whole);
      if (!Double.isFinite(whole.reported())) {
        estimate[0] = Double.NaN;
        return estimate;
      }
      anchor.assign(Nd4j.createFromArray(probe.point()));
      atAnchor.assign(Nd4j.createFromArray(estimate));
      left.putScalar(0, interval - 1);
      if (whole != probe) {
        // The step reports a loss of its own batch.
        probe.base();
      }
      return estimate;
    }
    double[] gradient = estimator.gradient(probe);
    Probe other = probe.around(anchor.toDoubleVector());
    add(gradient, -1, estimator.gradient(other));
    add(gradient, 1, atAnchor.toDoubleVector());
    if (!Double.isFinite(other.reported())) {
      gradient[0] = Double.NaN;
    }
    left.putScalar(0, left.getDouble(0) - 1);
    return gradient;
  }

  private ToDoubleFunction<double[]> values() {
    return point -> full.value(Nd4j.createFromArray(point));
  }
}
