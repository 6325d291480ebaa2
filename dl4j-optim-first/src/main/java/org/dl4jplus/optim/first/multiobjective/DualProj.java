package org.dl4jplus.optim.first.multiobjective;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DualProj: the weighted mean of the gradients is projected on the cone of the directions that no
 * objective objects to.
 *
 * <pre>{@code
 * G = J J' / trace(J J') + regEps I          (J J' counts as 0 if its trace is below normEps)
 * v = argmin v' G v  subject to  v >= u
 * result = J' v
 * }</pre>
 *
 * <p>Fields: {@code prefVector} null, the u: null for 1/m each, else one number for each objective;
 * {@code normEps} 1e-4, at least 0, and {@code regEps} 1e-4, at least 0, as in {@link UPGrad}.
 *
 * <p>D. Lopez-Paz, M. Ranzato: "Gradient Episodic Memory for Continual Learning", arXiv 1706.08840
 * (2017); form and name of arXiv 2406.16232 (2024).
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class DualProj extends ConeProjection {

  /** DualProj with its defaults. */
  public DualProj() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private DualProj(
      @JsonProperty("prefVector") double[] prefVector,
      @JsonProperty("normEps") Double normEps,
      @JsonProperty("regEps") Double regEps) {
    super(prefVector, normEps, regEps);
  }

  @Override
  double[] projected(double[][] gramian, double[] preferences) {
    return ActiveSet.boundedBelow(gramian, preferences);
  }
}
