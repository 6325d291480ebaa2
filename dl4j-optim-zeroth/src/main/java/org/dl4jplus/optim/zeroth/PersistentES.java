package org.dl4jplus.optim.zeroth;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Persistent evolution strategies: unbiased by truncation, since each particle goes on from its own
 * state, and its loss is multiplied with all perturbations that brought it there.
 *
 * <pre>{@code
 * each truncation   eps_i ~ N(0, sigma^2 I), -eps_i for the other of the pair
 *                   xi_i <- xi_i + eps_i
 *                   g = (1 / (N sigma^2)) sum_i xi_i L_i(theta + eps_i, from its own state)
 * at the horizon    states begin anew, xi_i <- 0
 * }</pre>
 *
 * <p>For the fields see {@link UnrolledES}. Where the losses of truncations are independent of each
 * other, the variance over that of {@link ESSingle} grows with the number of truncations; where the
 * inner problem contracts, it may be lower. Source: Paul Vicol, Luke Metz, Jascha Sohl-Dickstein,
 * "Unbiased Gradient Estimation in Unrolled Computation Graphs with Persistent Evolution
 * Strategies", arXiv 2112.13835, 2021.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public final class PersistentES extends UnrolledES {

  /** With the defaults. */
  public PersistentES() {
    this(null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private PersistentES(
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
