package org.dl4jplus.bilevel.search;

import java.io.Serializable;
import java.util.Arrays;
import lombok.Builder;
import lombok.Getter;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * What a task tells of a candidate beside Arbiter's one score; it travels as the {@code
 * modelSpecificResults} of the result.
 */
@Getter
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS, include = JsonTypeInfo.As.PROPERTY, property = "@class")
public final class SearchMetrics implements Serializable {

  /** The objectives, the score first; empty where there is the score only. */
  @JsonProperty private final double[] objectives;

  /** Whether each of the objectives is to be small. */
  @JsonProperty private final boolean[] minimise;

  /** Constraints, each of which holds where its number is at most 0. */
  @JsonProperty private final double[] constraints;

  /** Seconds that the task took. */
  @JsonProperty private final double costSeconds;

  /** Parameter updates that the task made. */
  @JsonProperty private final long costUpdates;

  /** Scores on the way, one for each epoch. */
  @JsonProperty private final double[] curve;

  /**
   * Collects figures; null stands for none.
   *
   * @param objectives the objectives, the score first
   * @param minimise the direction of each of them
   * @param constraints numbers that are to be at most 0
   * @param costSeconds seconds taken
   * @param costUpdates parameter updates made
   * @param curve scores on the way
   * @throws IllegalArgumentException where objectives and directions differ in number
   */
  @Builder
  @JsonCreator
  public SearchMetrics(
      @JsonProperty("objectives") double[] objectives,
      @JsonProperty("minimise") boolean[] minimise,
      @JsonProperty("constraints") double[] constraints,
      @JsonProperty("costSeconds") double costSeconds,
      @JsonProperty("costUpdates") long costUpdates,
      @JsonProperty("curve") double[] curve) {
    this.objectives = objectives == null ? new double[0] : objectives.clone();
    this.minimise = minimise == null ? new boolean[0] : minimise.clone();
    if (this.objectives.length != this.minimise.length) {
      throw new IllegalArgumentException(
          this.objectives.length
              + " objectives have "
              + this.minimise.length
              + " directions in minimise: "
              + Arrays.toString(this.minimise));
    }
    this.constraints = constraints == null ? new double[0] : constraints.clone();
    this.costSeconds = costSeconds;
    this.costUpdates = costUpdates;
    this.curve = curve == null ? new double[0] : curve.clone();
  }

  /**
   * The objectives as numbers that are all to be small.
   *
   * @return a new array; objectives that are to be large have their sign changed
   */
  public double[] losses() {
    double[] losses = objectives.clone();
    for (int k = 0; k < losses.length; k++) {
      losses[k] = minimise[k] ? losses[k] : -losses[k];
    }
    return losses;
  }

  /**
   * By how much the constraints are broken.
   *
   * @return the sum of what is above 0 in them; 0 where all hold, infinite where one is NaN
   */
  public double violation() {
    double violation = 0;
    for (double constraint : constraints) {
      violation += Double.isNaN(constraint) ? Double.POSITIVE_INFINITY : Math.max(constraint, 0);
    }
    return violation;
  }
}
