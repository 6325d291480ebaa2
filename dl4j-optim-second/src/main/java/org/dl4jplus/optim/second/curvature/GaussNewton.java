package org.dl4jplus.optim.second.curvature;

import java.util.HashMap;
import java.util.Map;
import org.dl4jplus.optim.first.oracle.CentralDifference;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Products with the Gauss-Newton matrix of a mean loss, which is never formed: the Hessian without
 * the network's own curvature, positive semidefinite for convex losses.
 *
 * <pre>{@code
 * u_i = J_i v ~ (z_i(w + h*v) - z_i(w - h*v)) / (2*h)     z: the outputs before their activation
 * q_i = Q_i u_i                                           Q: the loss's curvature by z
 * G v = (1/n) sum J_i^T q_i                               a backward pass with q for its errors
 * }</pre>
 *
 * <p>with the h of {@code GradientOracle.hessianVector}. A product takes three passes. Every layer
 * and loss will do; see {@link OutputCurvature} for what Q is. Batch normalization's batch
 * statistics are part of the function. L1/L2 terms are not part of the product.
 *
 * <p>N. N. Schraudolph: "Fast Curvature Matrix-Vector Products for Second-Order Gradient Descent",
 * Neural Computation 14(7) (2002).
 */
public final class GaussNewton {

  private final GradientOracle oracle;
  private final INDArray shifted;

  /**
   * Looks at a network.
   *
   * @param oracle the loss
   */
  public GaussNewton(GradientOracle oracle) {
    this.oracle = oracle;
    shifted = oracle.parameters().ulike();
  }

  /**
   * A product. What the network's parameters are afterwards is left open until {@code restore()}.
   *
   * @param point where, of shape [n]; not changed
   * @param v the vector, of shape [n]; not changed
   * @param out takes the product, of shape [n]; neither of the others; zero for v = 0
   * @throws ArithmeticException where the product is not finite
   * @throws UnsupportedOperationException where there are no layers to record
   */
  public void product(INDArray point, INDArray v, INDArray out) {
    if (GradientTurn.norm(v) == 0) {
      out.assign(0);
      return;
    }
    double h = CentralDifference.step(point, v);
    Map<Integer, INDArray> up = outputs(GradientTurn.axpy(point, h, v, shifted), out);
    Map<Integer, INDArray> down = outputs(GradientTurn.axpy(point, -h, v, shifted), out);
    oracle.record(
        point,
        (output, loss, labels, preOutput, activation, mask) ->
            new OutputCurvature(loss, labels, preOutput, activation, mask)
                .product(up.get(output).sub(down.get(output)).divi(2 * h)),
        out);
    if (!Double.isFinite(GradientTurn.norm(out))) {
      throw new ArithmeticException("The Gauss-Newton product with a vector is not finite");
    }
  }

  private Map<Integer, INDArray> outputs(INDArray at, INDArray ignored) {
    Map<Integer, INDArray> outputs = new HashMap<>();
    oracle.record(
        at,
        (output, loss, labels, preOutput, activation, mask) -> {
          outputs.put(output, preOutput.castTo(DataType.DOUBLE).dup());
          return preOutput.ulike();
        },
        ignored);
    return outputs;
  }
}
