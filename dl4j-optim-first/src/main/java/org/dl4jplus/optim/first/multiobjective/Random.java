package org.dl4jplus.optim.first.multiobjective;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A convex combination of the rows that is drawn anew in each step.
 *
 * <pre>{@code
 * z ~ N(0, I);  weights = softmax(z)
 * }</pre>
 *
 * <p>Field: {@code seed} 0. The draws are a function of the seed and the step.
 *
 * <p>B. Lin, F. Ye, Y. Zhang, I. W. Tsang: "Reasonable Effectiveness of Random Weighting", arXiv
 * 2111.10603 (2021).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class Random implements GramianAggregator {

  private final long seed;

  /** Random weights with seed 0. */
  public Random() {
    this(null);
  }

  /**
   * Random weights.
   *
   * @param seed of the draws; null for 0
   */
  @JsonCreator
  public Random(@JsonProperty("seed") Long seed) {
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    double[] weights = new double[gramian.length];
    long stream = CounterNoise.deriveSeed(seed, step);
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      // Box-Muller stays below 9: no overflow.
      weights[i] = Math.exp(CounterNoise.at(Distribution.GAUSSIAN, stream, i));
      sum += weights[i];
    }
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= sum;
    }
    return weights;
  }
}
