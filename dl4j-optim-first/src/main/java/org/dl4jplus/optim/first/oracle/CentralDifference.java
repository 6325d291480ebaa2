package org.dl4jplus.optim.first.oracle;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Derivatives along a direction from values on both sides of a point. */
public final class CentralDifference {

  // Measured on a tanh network: below, rounding grows; above, the third derivative.
  private static final double SINGLE = 2e-3;
  private static final double DOUBLE = 1e-6;

  private CentralDifference() {}

  /**
   * How far to go along a direction: s * (1 + ||point||) / ||v||, with s = 2e-3 in single and 1e-6
   * in double precision.
   *
   * @param point where
   * @param v the direction, not zero
   * @return the step h
   */
  public static double step(INDArray point, INDArray v) {
    double scale = point.dataType() == DataType.DOUBLE ? DOUBLE : SINGLE;
    return scale * (1 + GradientTurn.norm(point)) / GradientTurn.norm(v);
  }

  /** Two work arrays of shape [n] are the caller's. */
  static void hessianVector(
      GradientOracle oracle,
      INDArray point,
      INDArray v,
      INDArray out,
      INDArray shifted,
      INDArray other) {
    if (GradientTurn.norm(v) == 0) {
      out.assign(0);
      return;
    }
    double h = step(point, v);
    oracle.lossAndGradient(GradientTurn.axpy(point, h, v, shifted), out);
    oracle.lossAndGradient(GradientTurn.axpy(point, -h, v, shifted), other);
    GradientTurn.axpy(out, -1, other, out);
    out.divi(2 * h);
    if (!Double.isFinite(GradientTurn.norm(out))) {
      throw new ArithmeticException("The product of the Hessian with a vector is not finite");
    }
  }
}
