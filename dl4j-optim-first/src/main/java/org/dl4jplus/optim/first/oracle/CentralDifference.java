package org.dl4jplus.optim.first.oracle;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Products with the Hessian from two gradients. */
final class CentralDifference {

  // Measured on a tanh network: below, rounding grows; above, the third derivative.
  private static final double SINGLE = 2e-3;
  private static final double DOUBLE = 1e-6;

  private CentralDifference() {}

  /** Two work arrays of shape [n] are the caller's. */
  static void hessianVector(
      GradientOracle oracle,
      INDArray point,
      INDArray v,
      INDArray out,
      INDArray shifted,
      INDArray other) {
    double norm = GradientTurn.norm(v);
    if (norm == 0) {
      out.assign(0);
      return;
    }
    double scale = point.dataType() == DataType.DOUBLE ? DOUBLE : SINGLE;
    double h = scale * (1 + GradientTurn.norm(point)) / norm;
    oracle.lossAndGradient(GradientTurn.axpy(point, h, v, shifted), out);
    oracle.lossAndGradient(GradientTurn.axpy(point, -h, v, shifted), other);
    GradientTurn.axpy(out, -1, other, out);
    out.divi(2 * h);
    if (!Double.isFinite(GradientTurn.norm(out))) {
      throw new ArithmeticException("The product of the Hessian with a vector is not finite");
    }
  }
}
