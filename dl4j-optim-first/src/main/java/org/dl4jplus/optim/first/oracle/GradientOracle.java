package org.dl4jplus.optim.first.oracle;

import java.util.List;
import org.dl4jplus.optim.first.tape.OutputErrors;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What can be asked for its loss and gradient at any point: a network on its batch, a function. */
public interface GradientOracle {

  /**
   * The trainable parameters.
   *
   * @return the live array, of shape [n]
   */
  INDArray parameters();

  /**
   * Mean loss and its gradient at a point. What a network's parameters are afterwards is left open
   * until {@link #restore()}.
   *
   * @param point where, of shape [n]; not changed
   * @param gradientOut takes the gradient of the mean loss, of shape [n]; must not be the point
   * @return the mean loss
   */
  double lossAndGradient(INDArray point, INDArray gradientOut);

  /**
   * Loss and gradient of a single example of the batch at a point; otherwise like {@link
   * #lossAndGradient}.
   *
   * @param example which one, from 0 to {@link #examples()} - 1
   * @param point where, of shape [n]; not changed
   * @param gradientOut takes the gradient, of shape [n]; must not be the point
   * @return the loss of the example
   * @throws UnsupportedOperationException where there are no single examples, by default
   */
  default double exampleLossAndGradient(int example, INDArray point, INDArray gradientOut) {
    throw new UnsupportedOperationException("There are no gradients of single examples");
  }

  /**
   * How many examples can be asked for one by one.
   *
   * @return the count, 0 by default
   */
  default int examples() {
    return 0;
  }

  /**
   * Product of the Hessian of the mean loss with a vector, by default from two gradients on the
   * same batch:
   *
   * <pre>{@code
   * H*v ~ (gradient(w + h*v) - gradient(w - h*v)) / (2*h),  h = s * (1 + ||w||) / ||v||
   * }</pre>
   *
   * with s = 2e-3 in single and 1e-6 in double precision, between which and a tenth of which
   * rounding and the third derivative weigh about the same. A function that knows its Hessian
   * overrides it.
   *
   * @param point where, of shape [n]; not changed
   * @param v the vector, of shape [n]; not changed
   * @param out takes the product, of shape [n]; neither of the others; zero for v = 0
   * @throws ArithmeticException where the product is not finite
   */
  default void hessianVector(INDArray point, INDArray v, INDArray out) {
    CentralDifference.hessianVector(this, point, v, out, point.ulike(), point.ulike());
  }

  /**
   * Gradient of the mean loss with labels that are drawn from the model's own predictions in the
   * place of the true ones: its square estimates the diagonal of the Gauss-Newton matrix.
   *
   * @param point where, of shape [n]; not changed
   * @param seed of the draw
   * @param gradientOut takes the gradient, of shape [n]
   * @throws UnsupportedOperationException where there is no model to draw labels from, by default
   */
  default void sampledGradient(INDArray point, long seed, INDArray gradientOut) {
    throw new UnsupportedOperationException("There is no model to draw labels from");
  }

  /**
   * How many labels the mean loss of the batch averages: examples, or unmasked time steps.
   *
   * @return the count, by default that of {@link #examples()}
   */
  default long labelCount() {
    return examples();
  }

  /**
   * What {@link GradientTurn#loss()} holds beside the mean loss that the gradient belongs to.
   *
   * @return a network's L1/L2 terms at the start of the step; 0 by default
   */
  default double penalty() {
    return 0;
  }

  /**
   * A backward pass that is recorded layer by layer; otherwise like {@link #lossAndGradient}. A
   * tape stays valid.
   *
   * @param point where, of shape [n]; not changed
   * @param errors what the losses hand back to the network, or null for their own gradients
   * @param gradientOut takes the gradient of the mean loss, or what the errors make of it, of shape
   *     [n]; must not be the point
   * @return what the layers saw
   * @throws UnsupportedOperationException where there are no layers, by default
   */
  default Tape record(INDArray point, OutputErrors errors, INDArray gradientOut) {
    throw new UnsupportedOperationException("There are no layers to record");
  }

  /**
   * Brings a point to where the parameters may be, as a network's constraints do after a step. Does
   * nothing by default.
   *
   * @param point of shape [n], changed in place; not the array of {@link #parameters()}
   */
  default void project(INDArray point) {}

  /** Brings everything that evaluations moved back to what it was. Does nothing by default. */
  default void restore() {}

  /**
   * Number of parameters.
   *
   * @return n
   */
  default long size() {
    return parameters().length();
  }

  /**
   * The shapes of the variables, in the order in which they lie in the parameters.
   *
   * @return shapes whose lengths add up to n; one vector by default
   */
  default List<VariableShape> variables() {
    return List.of(new VariableShape("parameters", new long[] {size()}, VariableShape.Kind.VECTOR));
  }
}
