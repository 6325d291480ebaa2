package org.dl4jplus.optim.first.multiobjective;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A sum of the rows with given weights.
 *
 * <p>Field: {@code weights}, one finite number for each objective.
 */
@EqualsAndHashCode
@ToString
public final class Constant implements GramianAggregator {

  private final double[] weights;

  /**
   * A weighted sum.
   *
   * @param weights one finite number for each objective
   */
  @JsonCreator
  public Constant(@JsonProperty("weights") double... weights) {
    Require.check(weights != null, "weights", 0, "of at least one number");
    this.weights = Weights.checked("weights", weights);
  }

  /**
   * The weights.
   *
   * @return a copy
   */
  public double[] getWeights() {
    return weights.clone();
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    return Weights.orEqual("weights", weights, gramian.length, 0).clone();
  }
}
