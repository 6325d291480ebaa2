package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
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
@Getter
@EqualsAndHashCode
@ToString
public final class DualProj implements GramianAggregator {

  private final double[] prefVector;
  private final double normEps;
  private final double regEps;

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
    this.prefVector = Weights.checked("prefVector", prefVector);
    this.normEps = nonNegative("normEps", normEps, 1e-4);
    this.regEps = nonNegative("regEps", regEps, 1e-4);
  }

  /**
   * The preferences.
   *
   * @return a copy, or null for equal ones
   */
  public double[] getPrefVector() {
    return Weights.copy(prefVector);
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    double[] u = Weights.orEqual("prefVector", prefVector, m, 1.0 / m);
    double[][] g = SmallMatrix.normalized(gramian, normEps, regEps);
    return ActiveSet.boundedBelow(g, u);
  }
}
