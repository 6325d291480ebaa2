package org.dl4jplus.optim.zeroth.objective;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A long inner computation that depends on outer parameters: training with these hyper-parameters,
 * for instance, or by this learned optimizer.
 *
 * @param <S> state of the inner computation; what it holds is not changed after it was returned
 */
public interface UnrolledProblem<S extends Serializable> {

  /**
   * What some steps end in.
   *
   * @param loss mean or sum of the losses on the way; may be NaN or infinite
   * @param state after the last of them
   * @param <S> kind of state
   */
  record Unrolled<S extends Serializable>(double loss, S state) {}

  /**
   * Begins an inner problem.
   *
   * @param seed of what is random in its start
   * @return the state
   */
  S init(long seed);

  /**
   * Makes inner steps.
   *
   * @param theta outer parameters, of shape [n] and type DOUBLE; not changed
   * @param state where it starts; not changed
   * @param steps how many
   * @param dataSeed of what is random in the steps
   * @return loss and new state
   */
  Unrolled<S> unroll(INDArray theta, S state, int steps, long dataSeed);
}
