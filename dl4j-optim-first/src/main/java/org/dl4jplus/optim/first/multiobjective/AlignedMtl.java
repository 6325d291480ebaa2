package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Aligned-MTL: the gradients' principal components are made equally long before the weighted sum.
 *
 * <pre>{@code
 * G = V diag(l) V';  s = min, median or mean of the l that are not 0
 * a = sqrt(s) V diag(1/sqrt(l)) V' u
 * result = J' a
 * }</pre>
 *
 * <p>Fields: {@code prefVector} null, the u: null for 1/m each, else one number for each objective;
 * {@code scaleMode} {@link ScaleMode#MIN}. Eigenvalues below 1e-12 of the largest one count as 0;
 * where all do, a = u.
 *
 * <p>D. Senushkin et al.: "Independent Component Alignment for Multi-Task Learning", arXiv
 * 2305.19000 (2023).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class AlignedMtl implements GramianAggregator {

  /** The common length. */
  public enum ScaleMode {
    /** That of the shortest component. */
    MIN,
    /** The median; of an even number the lower one. */
    MEDIAN,
    /** The root of the mean square. */
    RMSE
  }

  private final double[] prefVector;
  private final ScaleMode scaleMode;

  /** Aligned-MTL with its defaults. */
  public AlignedMtl() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private AlignedMtl(
      @JsonProperty("prefVector") double[] prefVector,
      @JsonProperty("scaleMode") ScaleMode scaleMode) {
    this.prefVector = Weights.checked("prefVector", prefVector);
    this.scaleMode = scaleMode == null ? ScaleMode.MIN : scaleMode;
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
    double[] spectrum = SmallMatrix.spectrum(gramian);
    if (spectrum.length == 0) {
      return u.clone();
    }
    double s = scale(spectrum);
    return SmallMatrix.apply(gramian, l -> Math.sqrt(s / l), u);
  }

  private double scale(double[] descending) {
    return switch (scaleMode) {
      case MIN -> descending[descending.length - 1];
      case MEDIAN -> descending[descending.length / 2];
      case RMSE -> Arrays.stream(descending).average().orElseThrow();
    };
  }
}
