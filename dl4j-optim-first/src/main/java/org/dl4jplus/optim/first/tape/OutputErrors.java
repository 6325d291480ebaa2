package org.dl4jplus.optim.first.tape;

import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Replaces what the loss hands back to the network in a recorded pass: drawn labels, the rows of a
 * Jacobian, a Gauss-Newton product.
 */
@FunctionalInterface
public interface OutputErrors {

  /**
   * The gradient at an output layer's pre-activations.
   *
   * @param output which output of the network, from 0
   * @param loss the output's loss function
   * @param labels the true labels, [rows, outputs]
   * @param preOutput the pre-activations, of the same shape
   * @param activation the output's activation
   * @param mask of the labels, or null
   * @return the gradient, of the same shape; not divided by the batch size
   */
  INDArray errors(
      int output,
      ILossFunction loss,
      INDArray labels,
      INDArray preOutput,
      IActivation activation,
      INDArray mask);
}
