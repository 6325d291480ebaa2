package org.dl4jplus.bilevel;

import java.util.function.Consumer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Estimates of gradients that remember, without the bias of a plain average:
 *
 * <pre>{@code
 * h <- grad(now) + (1 - eta) (h - grad(previous point)),  both gradients on the same batch
 * }</pre>
 *
 * They lie in the state under "h." and a name.
 *
 * @param state where they lie
 * @param eta in (0, 1]; 1 forgets, and asks for no second gradient
 */
record RecursiveMomentum(BilevelState state, double eta) {

  /** The estimate after this step: the live array. Without one yet it is the gradient. */
  INDArray estimate(String name, INDArray like, Consumer<INDArray> now, Consumer<INDArray> before) {
    String key = "h." + name;
    INDArray h = state.vector(key);
    if (h == null || eta == 1) {
      h = state.vector(key, like::ulike);
      now.accept(h);
      return h;
    }
    INDArray gradient = like.ulike();
    before.accept(gradient);
    h.subi(gradient).muli(1 - eta);
    now.accept(gradient);
    return h.addi(gradient);
  }
}
