package org.dl4jplus.optim.zeroth.estimate;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Differences along the coordinates: all of them, or a random block in each step.
 *
 * <ul>
 *   <li>difference: default CENTRAL
 *   <li>block: coordinates a step, drawn without replacement; 0, the default, or more than d: all
 *   <li>unbiased: a block's estimates times d / block; default true
 * </ul>
 *
 * <p>The block is that of the largest keys among d random numbers, entries of direction 0.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class CoordinateGradient extends GradientEstimator {

  private final Difference difference;
  private final int block;
  private final boolean unbiased;

  @Builder
  @JsonCreator
  private CoordinateGradient(
      @JsonProperty("difference") Difference difference,
      @JsonProperty("block") Integer block,
      @JsonProperty("unbiased") Boolean unbiased) {
    this.difference = difference == null ? Difference.CENTRAL : difference;
    this.block = Require.atLeast("block", block, 0, 0);
    this.unbiased = unbiased == null || unbiased;
  }

  @Override
  public Distribution distribution() {
    return Distribution.GAUSSIAN;
  }

  @Override
  public Difference steps() {
    return difference;
  }

  @Override
  protected double[] gradient(Probe probe) {
    int d = probe.dimension();
    double mu = probe.mu();
    double[] gradient = new double[d];
    int[] chosen =
        block == 0 || block >= d ? Ranks.identity(d) : Ranks.largest(probe.direction(0), block);
    double factor = unbiased ? (double) d / chosen.length : 1;
    for (int i : chosen) {
      gradient[i] =
          factor
              * (difference == Difference.FORWARD
                  ? (probe.moved(i, mu) - probe.base()) / mu
                  : (probe.moved(i, mu) - probe.moved(i, -mu)) / (2 * mu));
    }
    return gradient;
  }
}
