package org.dl4jplus.optim.first.multiobjective;

import lombok.EqualsAndHashCode;
import lombok.ToString;

/**
 * IMTL-G: the direction whose projections on all gradients are equal.
 *
 * <pre>{@code
 * d_i = sqrt(G_ii);  v = pinv(G) d;  a = v / sum(v)     (0 if abs(sum(v)) < 1e-12)
 * result = J' a
 * }</pre>
 *
 * <p>Eigenvalues below 1e-12 of the largest one count as 0.
 *
 * <p>L. Liu et al.: "Towards Impartial Multi-task Learning", ICLR (2021).
 */
@EqualsAndHashCode
@ToString
public final class ImtlG implements GramianAggregator {

  private static final double SMALLEST_SUM = 1e-12;

  /** IMTL-G, which has nothing to set. */
  public ImtlG() {}

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    double[] norms = new double[m];
    for (int i = 0; i < m; i++) {
      norms[i] = Math.sqrt(gramian[i][i]);
    }
    double[] v = SmallMatrix.pseudoInverse(gramian, norms);
    double sum = 0;
    for (double value : v) {
      sum += value;
    }
    if (Math.abs(sum) < SMALLEST_SUM) {
      return new double[m];
    }
    for (int i = 0; i < m; i++) {
      v[i] /= sum;
    }
    return v;
  }
}
