package org.dl4jplus.optim.zeroth.layers;

import lombok.EqualsAndHashCode;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The sign, -1, 0 or 1. Its derivative is 0 almost everywhere, so that only methods that need no
 * gradient can train what lies below it.
 */
@EqualsAndHashCode(callSuper = false)
public final class SignActivation extends BaseActivationFunction {

  private static final long serialVersionUID = 1;

  /** Creates it. */
  public SignActivation() {}

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    return Transforms.sign(in, false);
  }

  /**
   * Not defined.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    throw new UnsupportedOperationException(
        "SignActivation has no gradient: train with ZerothOrder.attach");
  }

  @Override
  public String toString() {
    return "sign(x)";
  }
}
