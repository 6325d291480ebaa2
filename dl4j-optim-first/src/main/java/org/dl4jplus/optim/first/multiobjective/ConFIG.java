package org.dl4jplus.optim.first.multiobjective;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * ConFIG: the direction that has the same angle, below 90 degrees, with all gradients.
 *
 * <pre>{@code
 * u_i = g_i/||g_i||  (0 for a zero row);  d = U' (U U')^+ w;  dhat = d/||d||
 * result = length dhat,  length = sum_i g_i.dhat
 * }</pre>
 *
 * <p>Fields: {@code lengthModel} {@link LengthModel#PROJECTION}, the length above; {@code
 * trackedObjective} 0, the gradient that {@link LengthModel#TRACK_SPECIFIC} follows; {@code
 * directionWeights} null, the w: null for ones, else one number for each objective, in whose ratio
 * the cosines are then. Singular values below 1e-12 of the largest one count as 0: gradients that
 * depend on each other are fitted by least squares, and opposite ones give the zero vector. The
 * authors' closed form for two gradients has the same result and is 0/0 for parallel ones, so it is
 * not used.
 *
 * <p>Q. Liu, M. Chu, N. Thuerey: "ConFIG: Towards Conflict-free Training of Physics Informed Neural
 * Networks", arXiv 2408.11104 (2024).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class ConFIG implements GramianAggregator {

  /** A d that is shorter, relative to w, is rounding. */
  private static final double SHORTEST = 1e-12;

  private final LengthModel lengthModel;
  private final int trackedObjective;
  private final double[] directionWeights;

  /** ConFIG with its defaults. */
  public ConFIG() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private ConFIG(
      @JsonProperty("lengthModel") LengthModel lengthModel,
      @JsonProperty("trackedObjective") Integer trackedObjective,
      @JsonProperty("directionWeights") double[] directionWeights) {
    this.lengthModel = lengthModel == null ? LengthModel.PROJECTION : lengthModel;
    this.trackedObjective = Require.atLeast("trackedObjective", trackedObjective, 0, 0);
    this.directionWeights = Weights.checked("directionWeights", directionWeights);
  }

  /**
   * The weights of the direction.
   *
   * @return a copy, or null for ones
   */
  public double[] getDirectionWeights() {
    return Weights.copy(directionWeights);
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    double[] w = Weights.orEqual("directionWeights", directionWeights, m, 1);
    Require.check(
        lengthModel != LengthModel.TRACK_SPECIFIC || trackedObjective < m,
        "trackedObjective",
        trackedObjective,
        "below the number of objectives, " + m);
    double[] norms = new double[m];
    double[] inverse = new double[m];
    for (int i = 0; i < m; i++) {
      norms[i] = Math.sqrt(gramian[i][i]);
      inverse[i] = norms[i] == 0 ? 0 : 1 / norms[i];
    }
    double[][] cosines = new double[m][m];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < m; j++) {
        cosines[i][j] = gramian[i][j] * inverse[i] * inverse[j];
      }
    }
    double[] d = SmallMatrix.pseudoInverse(cosines, w);
    double norm = Math.sqrt(SmallMatrix.quadratic(cosines, d));
    if (norm <= SHORTEST * Math.sqrt(SmallMatrix.dot(w, w))) {
      return new double[m];
    }
    double length = length(norms, SmallMatrix.times(cosines, d)) / norm;
    for (int i = 0; i < m; i++) {
      d[i] *= inverse[i] * length / norm;
    }
    return d;
  }

  /** Times the norm of d. */
  private double length(double[] norms, double[] projections) {
    if (lengthModel == LengthModel.PROJECTION) {
      return SmallMatrix.dot(norms, projections);
    }
    double sum = 0;
    for (double projection : projections) {
      sum += projection;
    }
    return sum * lengthModel.target(norms, trackedObjective);
  }
}
