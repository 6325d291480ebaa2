package org.dl4jplus.optim.zeroth;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * ES-Single: each particle keeps one perturbation, and its own state, for the whole inner problem.
 *
 * <pre>{@code
 * each inner problem  eps_i ~ N(0, sigma^2 I), -eps_i for the other of the pair
 * each truncation     g = (1 / (N sigma^2)) sum_i eps_i L_i(theta + eps_i, from its own state)
 * }</pre>
 *
 * <p>The sum of g over an inner problem is the estimate of an evolution strategy that unrolls all
 * of it. For the fields see {@link UnrolledES}. Source: Paul Vicol, Zico Kolter, Kevin Swersky,
 * "Low-Variance Gradient Estimation in Unrolled Computation Graphs with ES-Single", arXiv
 * 2304.11153, 2023.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public final class ESSingle extends UnrolledES {

  /** With the defaults. */
  public ESSingle() {
    this(null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ESSingle(
      @JsonProperty("particles") Integer particles,
      @JsonProperty("sigma") Double sigma,
      @JsonProperty("truncation") Integer truncation,
      @JsonProperty("horizon") Integer horizon,
      @JsonProperty("stagger") Boolean stagger,
      @JsonProperty("lossClip") Boolean lossClip,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("seed") Long seed) {
    super(particles, sigma, truncation, horizon, stagger, lossClip, noise, seed);
  }
}
