package org.dl4jplus.optim.zeroth.layers;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A staircase, floor(levels x) / levels. Its derivative is 0 almost everywhere, so that only
 * methods that need no gradient can train what lies below it.
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class FloorActivation extends BaseActivationFunction {

  private static final long serialVersionUID = 1;

  private final double levels;

  /** With one level a unit: floor(x). */
  public FloorActivation() {
    this(null);
  }

  /**
   * A staircase.
   *
   * @param levels steps a unit, above 0; null for 1
   * @throws IllegalArgumentException if it is not finite and above 0
   */
  @JsonCreator
  public FloorActivation(@JsonProperty("levels") Double levels) {
    this.levels = Require.positive("levels", levels, 1);
  }

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    return Transforms.floor(in.muli(levels), false).divi(levels);
  }

  /**
   * Not defined.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    throw new UnsupportedOperationException(
        "FloorActivation has no gradient: train with ZerothOrder.attach");
  }

  @Override
  public String toString() {
    return "floor(" + levels + " x) / " + levels;
  }
}
