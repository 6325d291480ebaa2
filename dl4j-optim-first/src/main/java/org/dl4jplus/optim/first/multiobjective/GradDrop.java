package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.within;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * GradDrop: in each column either the positive or the negative numbers are dropped, by chance, the
 * more likely the smaller their part.
 *
 * <pre>{@code
 * P = (1 + sum_i J_ij / sum_i abs(J_ij)) / 2;  U ~ U(0,1) for each column j
 * kept_ij = J_ij > 0 ? P > U : P < U
 * result_j = sum_i (leak_i + (1 - leak_i) kept_ij) J_ij
 * }</pre>
 *
 * <p>Fields: {@code seed} 0; {@code leak} null: null for 0, else one number in [0, 1] for each row.
 * The draws are a function of the seed, the step and the column. A column of zeros gives 0.
 *
 * <p>Z. Chen et al.: "Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign
 * Dropout", arXiv 2010.06808 (2020).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class GradDrop implements Aggregator {

  private final long seed;
  private final double[] leak;

  /** GradDrop with its defaults. */
  public GradDrop() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private GradDrop(@JsonProperty("seed") Long seed, @JsonProperty("leak") double[] leak) {
    this.seed = seed == null ? 0 : seed;
    this.leak = Weights.checked("leak", leak);
    if (leak != null) {
      for (double part : leak) {
        within("leak", part, 0, 0, 1);
      }
    }
  }

  /**
   * What the rows keep in any case.
   *
   * @return a copy, or null for nothing
   */
  public double[] getLeak() {
    return Weights.copy(leak);
  }

  @Override
  public void aggregate(INDArray jacobian, long step, INDArray out) {
    long stream = CounterNoise.deriveSeed(seed, step);
    Jacobians.columns(
        jacobian, out, (column, index) -> drop(column, CounterNoise.uniform(stream, index)));
  }

  /**
   * The rule with given draws.
   *
   * @param jacobian of shape [m, n], not changed
   * @param uniforms n numbers in [0, 1)
   * @param out takes the result, of shape [n]
   */
  public void aggregate(INDArray jacobian, double[] uniforms, INDArray out) {
    Jacobians.columns(jacobian, out, (column, index) -> drop(column, uniforms[(int) index]));
  }

  private double drop(double[] column, double u) {
    double[] part = Weights.orEqual("leak", leak, column.length, 0);
    double sum = 0;
    double absolute = 0;
    for (double x : column) {
      sum += x;
      absolute += Math.abs(x);
    }
    if (absolute == 0) {
      return 0;
    }
    double p = 0.5 * (1 + sum / absolute);
    double result = 0;
    for (int i = 0; i < column.length; i++) {
      boolean kept = column[i] > 0 ? p > u : p < u;
      result += (kept ? 1 : part[i]) * column[i];
    }
    return result;
  }
}
