package org.dl4jplus.optim.zeroth;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Truncated evolution strategies: what the others are compared with. All particles start each
 * truncation from the state of an unperturbed inner problem, so that the effect of the parameters
 * on later truncations is not seen: the estimate is biased.
 *
 * <pre>{@code
 * each truncation   eps_i ~ N(0, sigma^2 I), -eps_i for the other of the pair
 *                   g = (1 / (N sigma^2)) sum_i eps_i L_i(theta + eps_i, from the state)
 *                   the state goes on with theta
 * }</pre>
 *
 * <p>For the fields see {@link UnrolledES}; {@code stagger} has no effect. The state has the start
 * and the data of the first pair. Source: as {@link PersistentES}.
 */
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public final class TruncatedES extends UnrolledES {

  /** With the defaults. */
  public TruncatedES() {
    this(null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private TruncatedES(
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
