package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Functions to minimise in tests. */
public final class Functions {

  private Functions() {}

  /** c/2 w'Aw with a symmetric matrix. */
  public static GradientOracle quadratic(INDArray a, double c, INDArray start) {
    return new GradientOracle() {
      @Override
      public INDArray parameters() {
        return start;
      }

      @Override
      public double lossAndGradient(INDArray point, INDArray gradientOut) {
        gradientOut.assign(a.mmul(point.reshape(point.length(), 1)).reshape(-1).muli(c));
        return gradientOut.mul(point).sumNumber().doubleValue() / 2;
      }
    };
  }
}
