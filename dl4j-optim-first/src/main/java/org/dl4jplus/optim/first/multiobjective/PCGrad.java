package org.dl4jplus.optim.first.multiobjective;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * PCGrad: from each gradient the part that conflicts with another one is taken away, one other
 * gradient after the other, and the results are added up.
 *
 * <pre>{@code
 * for each i:  c = e_i
 *   for j in a random order, j != i:  d = (G c)_j;  if d < 0: c_j -= d / G_jj
 * result = J' sum_i c
 * }</pre>
 *
 * <p>Fields: {@code seed} 0; {@code shuffle} true: false takes the order 0, 1, .. as some
 * implementations do. The order is a function of the seed, the step and i; up to two rows know no
 * chance.
 *
 * <p>T. Yu et al.: "Gradient Surgery for Multi-Task Learning", arXiv 2001.06782 (2020).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class PCGrad implements GramianAggregator {

  private final long seed;
  private final boolean shuffle;

  /** PCGrad with its defaults. */
  public PCGrad() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private PCGrad(@JsonProperty("seed") Long seed, @JsonProperty("shuffle") Boolean shuffle) {
    this.seed = seed == null ? 0 : seed;
    this.shuffle = shuffle == null || shuffle;
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    double[] weights = new double[m];
    for (int i = 0; i < m; i++) {
      double[] c = new double[m];
      c[i] = 1;
      for (int j : order(m, step, i)) {
        double d = j == i ? 0 : SmallMatrix.dot(gramian[j], c);
        // A row of zeros has d = 0.
        if (d < 0) {
          c[j] -= d / gramian[j][j];
        }
      }
      for (int j = 0; j < m; j++) {
        weights[j] += c[j];
      }
    }
    return weights;
  }

  private int[] order(int m, long step, int row) {
    int[] order = new int[m];
    long stream = CounterNoise.deriveSeed(seed, step, row);
    for (int k = 0; k < m; k++) {
      int other = shuffle ? (int) (CounterNoise.uniform(stream, k) * (k + 1)) : k;
      order[k] = order[other];
      order[other] = k;
    }
    return order;
  }
}
