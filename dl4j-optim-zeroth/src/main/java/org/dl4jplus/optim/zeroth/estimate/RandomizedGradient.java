package org.dl4jplus.optim.zeroth.estimate;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Differences along random directions:
 *
 * <pre>{@code
 * GAUSSIAN     mean over k of D(z_k) z_k
 * SPHERE       mean of d D(u_k) u_k,  u = z / ||z||
 * ORTHOGONAL   the same for directions made orthonormal by Gram and Schmidt, in order
 * SPSA         mean of D(z_k) / z_k entry by entry, for signs z
 * }</pre>
 *
 * where D is a forward or a central difference. All expectations are the gradient of a function
 * that is linear; ORTHOGONAL with d directions is exact there.
 *
 * <ul>
 *   <li>directions: default GAUSSIAN
 *   <li>difference: default CENTRAL
 *   <li>queries: number of directions, at least 1, for ORTHOGONAL at most d; default 1
 *   <li>scaled: false leaves out the factor d of SPHERE and ORTHOGONAL; default true
 * </ul>
 *
 * <p>Sources: Yurii Nesterov, Vladimir Spokoiny, "Random Gradient-Free Minimization of Convex
 * Functions", 2017; James C. Spall, "Multivariate Stochastic Approximation Using a Simultaneous
 * Perturbation Gradient Approximation", 1992.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class RandomizedGradient extends GradientEstimator {

  /** Kinds of directions. */
  public enum Kind {
    /** As they are drawn. */
    GAUSSIAN,
    /** Of length 1. */
    SPHERE,
    /** Of length 1, at right angles. */
    ORTHOGONAL,
    /** Signs, whose entries divide. */
    SPSA
  }

  private final Kind directions;
  private final Difference difference;
  private final int queries;
  private final boolean scaled;

  @Builder
  @JsonCreator
  private RandomizedGradient(
      @JsonProperty("directions") Kind directions,
      @JsonProperty("difference") Difference difference,
      @JsonProperty("queries") Integer queries,
      @JsonProperty("scaled") Boolean scaled) {
    this.directions = directions == null ? Kind.GAUSSIAN : directions;
    this.difference = difference == null ? Difference.CENTRAL : difference;
    this.queries = Require.count("queries", queries, 1);
    this.scaled = scaled == null || scaled;
  }

  @Override
  public Distribution distribution() {
    return directions == Kind.SPSA ? Distribution.RADEMACHER : Distribution.GAUSSIAN_TABLE;
  }

  @Override
  public Difference steps() {
    return difference;
  }

  @Override
  protected double[] gradient(Probe probe) {
    int d = probe.dimension();
    if (directions == Kind.ORTHOGONAL && queries > d) {
      throw new IllegalArgumentException(
          "queries must be at most the number of variables, " + d + ", got " + queries);
    }
    boolean unit = directions == Kind.SPHERE || directions == Kind.ORTHOGONAL;
    double factor = (unit && scaled ? d : 1.0) / queries;
    double[][] basis = new double[directions == Kind.ORTHOGONAL ? queries : 0][];
    double[] sum = new double[d];
    for (int k = 0; k < queries; k++) {
      double[] z = probe.direction(k);
      if (unit) {
        if (basis.length > 0) {
          basis[k] = z;
          orthogonalize(basis, k);
        }
        normalize(z);
      }
      double slope = difference.along(probe, z);
      if (directions == Kind.SPSA) {
        for (int i = 0; i < d; i++) {
          z[i] = 1 / z[i];
        }
      }
      add(sum, factor * slope, z);
    }
    return sum;
  }

  /** Twice, since the first pass leaves what cancellation lost. */
  private static void orthogonalize(double[][] basis, int k) {
    double[] z = basis[k];
    for (int pass = 0; pass < 2; pass++) {
      for (int j = 0; j < k; j++) {
        double dot = 0;
        for (int i = 0; i < z.length; i++) {
          dot += z[i] * basis[j][i];
        }
        add(z, -dot, basis[j]);
      }
    }
  }

  private static void normalize(double[] z) {
    double squares = 0;
    for (double value : z) {
      squares += value * value;
    }
    double norm = Math.sqrt(squares);
    for (int i = 0; i < z.length && norm > 0; i++) {
      z[i] /= norm;
    }
  }
}
