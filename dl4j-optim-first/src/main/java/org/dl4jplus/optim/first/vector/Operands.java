package org.dl4jplus.optim.first.vector;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arrays that a rule runs over, all of one length and data type.
 *
 * @param gradient gradient in, update out
 * @param parameters parameter values in the order of the gradient, in as many pieces as there are
 *     variables; null if the rule does without
 * @param states state vectors
 */
public record Operands(INDArray gradient, List<INDArray> parameters, List<INDArray> states) {

  /**
   * Number of entries.
   *
   * @return length of the gradient
   */
  public long length() {
    return gradient.length();
  }
}
