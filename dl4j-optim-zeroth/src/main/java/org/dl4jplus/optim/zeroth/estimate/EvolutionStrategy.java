package org.dl4jplus.optim.zeroth.estimate;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Evolution strategies as gradients:
 *
 * <pre>{@code
 * antithetic   sum over k of (f(x + mu z_k) - f(x - mu z_k)) z_k / (2 q mu)
 * else         sum over k of (f(x + mu z_k) - b_k) z_k / (q mu)
 * }</pre>
 *
 * <ul>
 *   <li>queries: q, at least 1; default 8
 *   <li>antithetic: default true
 *   <li>rankShaping: takes for the values their ranks, spread over [-0.5, 0.5]; equal values share
 *       a rank; the estimate does then not depend on monotone transforms of f, and its length means
 *       nothing; default false
 *   <li>baseline: b_k is the mean of the other values, which keeps the estimate unbiased; without
 *       others 0. In antithetic pairs a baseline cancels; default true
 * </ul>
 *
 * <p>Source: Tim Salimans, Jonathan Ho, Xi Chen, Szymon Sidor, Ilya Sutskever, "Evolution
 * Strategies as a Scalable Alternative to Reinforcement Learning", arXiv 1703.03864, 2017.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class EvolutionStrategy extends GradientEstimator {

  private final int queries;
  private final boolean antithetic;
  private final boolean rankShaping;
  private final boolean baseline;

  @Builder
  @JsonCreator
  private EvolutionStrategy(
      @JsonProperty("queries") Integer queries,
      @JsonProperty("antithetic") Boolean antithetic,
      @JsonProperty("rankShaping") Boolean rankShaping,
      @JsonProperty("baseline") Boolean baseline) {
    this.queries = Require.count("queries", queries, 8);
    this.antithetic = antithetic == null || antithetic;
    this.rankShaping = rankShaping != null && rankShaping;
    this.baseline = baseline == null || baseline;
  }

  @Override
  public Difference steps() {
    return Difference.CENTRAL;
  }

  @Override
  protected double[] gradient(Probe probe) {
    double mu = probe.mu();
    double[] values = new double[antithetic ? 2 * queries : queries];
    for (int k = 0; k < queries; k++) {
      double[] z = probe.direction(k);
      values[k] = probe.at(z, mu);
      if (antithetic) {
        values[queries + k] = probe.at(z, -mu);
      }
    }
    double[] weights = rankShaping ? Ranks.centred(values) : values;
    double total = Arrays.stream(weights).sum();
    double[] sum = new double[probe.dimension()];
    for (int k = 0; k < queries; k++) {
      double scale = weights[k];
      if (antithetic) {
        scale = (scale - weights[queries + k]) / 2;
      } else if (baseline && queries > 1) {
        scale -= (total - weights[k]) / (queries - 1);
      }
      add(sum, scale / (queries * mu), probe.direction(k));
    }
    return sum;
  }
}
