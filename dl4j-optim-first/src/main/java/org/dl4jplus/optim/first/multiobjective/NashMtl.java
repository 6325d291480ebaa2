package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Nash-MTL: the objectives bargain for the direction, and each one's share is proportional to what
 * it gains.
 *
 * <pre>{@code
 * G = J J' / ||J J'||_F;  a > 0 with  G a = 1/a
 * result = J' a,  shortened to maxNorm if it is longer
 * }</pre>
 *
 * <p>Fields: {@code maxNorm} 1, at least 0: 0 never shortens; {@code updateWeightsEvery} 1, at
 * least 1: the weights are kept for that many calls; {@code optimNiter} 50, at least 1: rounds of
 * Newton's method. The paper solves a sequence of at most 20 linearised problems to 1e-3; this one
 * minimises a'Ga/2 - sum log a_i, which has the same solution, to 1e-10. Where that fails the last
 * weights are used again, ones at first.
 *
 * <p>Between steps it remembers the last weights and the count of calls: with a network's state in
 * {@link org.dl4jplus.optim.first.JacobianDescent}, in the object where it is called without a
 * memory.
 *
 * <p>A. Navon et al.: "Multi-Task Learning as a Bargaining Game", arXiv 2202.01017 (2022).
 */
@Getter
@EqualsAndHashCode(onlyExplicitlyIncluded = true)
@ToString(onlyExplicitlyIncluded = true)
public final class NashMtl implements GramianAggregator {

  private static final double ACCURACY = 1e-10;

  @EqualsAndHashCode.Include @ToString.Include private final double maxNorm;
  @EqualsAndHashCode.Include @ToString.Include private final int updateWeightsEvery;
  @EqualsAndHashCode.Include @ToString.Include private final int optimNiter;

  /** The count of calls, and the weights behind it. */
  @Getter(lombok.AccessLevel.NONE)
  private double[] memory;

  /** Nash-MTL with its defaults. */
  public NashMtl() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private NashMtl(
      @JsonProperty("maxNorm") Double maxNorm,
      @JsonProperty("updateWeightsEvery") Integer updateWeightsEvery,
      @JsonProperty("optimNiter") Integer optimNiter) {
    this.maxNorm = nonNegative("maxNorm", maxNorm, 1);
    this.updateWeightsEvery = count("updateWeightsEvery", updateWeightsEvery, 1);
    this.optimNiter = count("optimNiter", optimNiter, 50);
  }

  @Override
  public synchronized double[] weights(double[][] gramian, long step) {
    Weighting result = weights(gramian, step, memory);
    memory = result.memory();
    return result.weights();
  }

  @Override
  public Weighting weights(double[][] gramian, long step, double[] before) {
    double[] after = advanced(gramian, before);
    return new Weighting(shortened(gramian, after), after);
  }

  private double[] advanced(double[][] gramian, double[] before) {
    int m = gramian.length;
    double[] after;
    if (before == null || before.length != m + 1) {
      after = Weights.equal(m + 1, 1);
      after[0] = 0;
    } else {
      after = before.clone();
    }
    double[] found = after[0]++ % updateWeightsEvery == 0 ? bargain(gramian) : null;
    if (found != null) {
      System.arraycopy(found, 0, after, 1, m);
    }
    return after;
  }

  private double[] shortened(double[][] gramian, double[] after) {
    double[] weights = Arrays.copyOfRange(after, 1, after.length);
    double norm = Math.sqrt(SmallMatrix.quadratic(gramian, weights));
    double factor = maxNorm > 0 && norm > maxNorm ? maxNorm / norm : 1;
    for (int i = 0; i < weights.length; i++) {
      weights[i] *= factor;
    }
    return weights;
  }

  /** Damped Newton steps from ones; null if they do not arrive. */
  private double[] bargain(double[][] gramian) {
    double squares = 0;
    for (double[] row : gramian) {
      squares += SmallMatrix.dot(row, row);
    }
    if (squares == 0) {
      return null;
    }
    double[][] g = SmallMatrix.scaled(gramian, 1 / Math.sqrt(squares));
    double[] a = Weights.equal(g.length, 1);
    for (int k = 0; k < optimNiter; k++) {
      double[] slope = slope(g, a);
      if (Math.sqrt(SmallMatrix.dot(slope, slope)) < ACCURACY) {
        return a;
      }
      double[] newton = SmallMatrix.solve(hessian(g, a, 0), slope);
      if (newton == null) {
        newton = SmallMatrix.solve(hessian(g, a, 1e-10), slope);
      }
      if (newton == null || !advance(g, a, slope, newton)) {
        return null;
      }
    }
    double[] slope = slope(g, a);
    return Math.sqrt(SmallMatrix.dot(slope, slope)) < ACCURACY ? a : null;
  }

  private static double[] slope(double[][] g, double[] a) {
    double[] slope = SmallMatrix.times(g, a);
    for (int i = 0; i < a.length; i++) {
      slope[i] -= 1 / a[i];
    }
    return slope;
  }

  private static double[][] hessian(double[][] g, double[] a, double more) {
    double[][] hessian = SmallMatrix.scaled(g, 1);
    for (int i = 0; i < a.length; i++) {
      hessian[i][i] += 1 / (a[i] * a[i]) + more;
    }
    return hessian;
  }

  /**
   * The damping of self-concordant functions: with the decrement d, the step 1/(1+d) stays positive
   * and goes down; near the solution the full step converges quadratically.
   */
  private static boolean advance(double[][] g, double[] a, double[] slope, double[] newton) {
    double decrement = Math.sqrt(Math.max(0, SmallMatrix.dot(slope, newton)));
    double part = decrement < 0.25 ? 1 : 1 / (1 + decrement);
    for (int i = 0; i < a.length; i++) {
      a[i] -= part * newton[i];
      if (!(a[i] > 0) || Double.isInfinite(a[i])) {
        return false;
      }
    }
    return true;
  }
}
