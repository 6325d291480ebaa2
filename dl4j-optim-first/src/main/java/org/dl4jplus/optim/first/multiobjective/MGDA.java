package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * MGDA: the shortest vector in the convex hull of the gradients, by Frank and Wolfe's steps from
 * the mean.
 *
 * <pre>{@code
 * a = 1/m;  at most maxIters times, until step < epsilon:
 *   t = argmin_i (G a)_i                          (the first one)
 *   A = a' G e_t,  B = a' G a,  C = G_tt
 *   step = 1 if C <= A,  0 if B <= A,  else (B-A)/(B+C-2A)
 *   a = (1-step) a + step e_t
 * result = J' a
 * }</pre>
 *
 * <p>Fields: {@code epsilon} 1e-3, at least 0; {@code maxIters} 100, at least 1.
 *
 * <p>J.-A. Desideri: "Multiple-gradient descent algorithm (MGDA) for multiobjective optimization"
 * (2012); O. Sener, V. Koltun: "Multi-Task Learning as Multi-Objective Optimization", arXiv
 * 1810.04650 (2018).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class MGDA implements GramianAggregator {

  private final double epsilon;
  private final int maxIters;

  /** MGDA with its defaults. */
  public MGDA() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private MGDA(
      @JsonProperty("epsilon") Double epsilon, @JsonProperty("maxIters") Integer maxIters) {
    this.epsilon = nonNegative("epsilon", epsilon, 1e-3);
    this.maxIters = count("maxIters", maxIters, 100);
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    double[] a = Weights.equal(gramian.length, 1.0 / gramian.length);
    double length = 1;
    for (int k = 0; k < maxIters && length >= epsilon; k++) {
      double[] products = SmallMatrix.times(gramian, a);
      int t = 0;
      for (int i = 1; i < a.length; i++) {
        t = products[i] < products[t] ? i : t;
      }
      length = length(products[t], SmallMatrix.dot(a, products), gramian[t][t]);
      for (int i = 0; i < a.length; i++) {
        a[i] *= 1 - length;
      }
      a[t] += length;
    }
    return a;
  }

  private static double length(double mixed, double here, double corner) {
    if (corner <= mixed) {
      return 1;
    }
    return here <= mixed ? 0 : (here - mixed) / (here + corner - 2 * mixed);
  }
}
