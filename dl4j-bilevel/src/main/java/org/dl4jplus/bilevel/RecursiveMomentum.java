package org.dl4jplus.bilevel;

import java.util.function.Consumer;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Estimates of gradients that remember, without the bias of a plain average:
 *
 * <pre>{@code
 * h <- grad(now) + (1 - eta) (h - grad(previous point)),  both gradients on the same batch
 * }</pre>
 *
 * They lie in the state under "h." and a name; the point before lies there as "previous.x" and what
 * the method adds.
 *
 * @param problem gives the gradients
 * @param state where they lie
 * @param eta in (0, 1]; 1 forgets, and asks for no second gradient
 */
record RecursiveMomentum(BilevelProblem problem, BilevelState state, double eta) {

  private static final String PREVIOUS_X = "previous.x";

  /** The eta of a step: eta0 (k+1)^-decay, at most 1, and 1 in the first. */
  static double eta(double eta0, double decay, long k) {
    return k == 0 ? 1 : Math.min(1, LagrangianMethod.decayed(eta0, decay, k));
  }

  /** A vector of the point before is this one from now on. */
  void remember(String name, INDArray value) {
    state.vector(name, value::ulike).assign(value);
  }

  /** The present x is that of the point before from now on. */
  void rememberX() {
    remember(PREVIOUS_X, state.x());
  }

  INDArray upperInY(String name, INDArray y, INDArray before, int batch) {
    INDArray xBefore = state.vector(PREVIOUS_X);
    return estimate(
        name,
        y,
        out -> problem.upper(state.x(), y, batch, null, out),
        out -> problem.upper(xBefore, before, batch, null, out));
  }

  INDArray lowerInY(String name, INDArray y, INDArray before, int batch) {
    INDArray xBefore = state.vector(PREVIOUS_X);
    return estimate(
        name,
        y,
        out -> problem.lower(state.x(), y, batch, null, out),
        out -> problem.lower(xBefore, before, batch, null, out));
  }

  /** Adds to the loss that of the present point. */
  INDArray upperInX(String name, INDArray y, INDArray before, int batch, double[] loss) {
    INDArray xBefore = state.vector(PREVIOUS_X);
    return estimate(
        name,
        state.x(),
        out -> loss[0] += problem.upper(state.x(), y, batch, out, null),
        out -> problem.upper(xBefore, before, batch, out, null));
  }

  INDArray lowerInX(String name, INDArray y, INDArray before, int batch) {
    INDArray xBefore = state.vector(PREVIOUS_X);
    return estimate(
        name,
        state.x(),
        out -> problem.lower(state.x(), y, batch, out, null),
        out -> problem.lower(xBefore, before, batch, out, null));
  }

  /** The estimate after this step: the live array. Without one yet it is the gradient. */
  private INDArray estimate(
      String name, INDArray like, Consumer<INDArray> now, Consumer<INDArray> before) {
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
