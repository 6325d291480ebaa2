package org.dl4jplus.optim.first.multiobjective;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * UPGrad: each gradient is projected on the cone of the directions that no objective objects to,
 * and the projections are added up. A small step along the result increases no objective.
 *
 * <pre>{@code
 * G  = J J' / trace(J J') + regEps I          (J J' counts as 0 if its trace is below normEps)
 * vi = argmin v' G v  subject to  v >= u_i e_i
 * result = J' sum_i vi
 * }</pre>
 *
 * <p>Fields: {@code prefVector} null, the u: null for 1/m each, else one number for each objective;
 * {@code normEps} 1e-4, at least 0; {@code regEps} 1e-4, at least 0: with it a conflict may remain
 * where the rows' norms differ by orders of magnitude, 1e-7 leaves none. Beware of normEps: once
 * the gradients have a common norm below its square root, 0.01, the result is the mean of the rows;
 * 0 switches that off. The program is solved exactly.
 *
 * <p>P. Quinton, V. Rey: "Jacobian Descent for Multi-Objective Optimization", arXiv 2406.16232
 * (2024).
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class UPGrad extends ConeProjection {

  /** UPGrad with its defaults. */
  public UPGrad() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private UPGrad(
      @JsonProperty("prefVector") double[] prefVector,
      @JsonProperty("normEps") Double normEps,
      @JsonProperty("regEps") Double regEps) {
    super(prefVector, normEps, regEps);
  }

  @Override
  double[] projected(double[][] gramian, double[] preferences) {
    int m = gramian.length;
    double[] weights = new double[m];
    for (int i = 0; i < m; i++) {
      double[] bounds = new double[m];
      bounds[i] = preferences[i];
      double[] v = ActiveSet.boundedBelow(gramian, bounds);
      for (int j = 0; j < m; j++) {
        weights[j] += v[j];
      }
    }
    return weights;
  }
}
