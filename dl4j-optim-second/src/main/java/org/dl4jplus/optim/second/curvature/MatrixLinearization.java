package org.dl4jplus.optim.second.curvature;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A linearization whose Jacobian is given.
 *
 * @param jacobian of shape [b*c, n], in double precision
 * @param residual b*c numbers
 * @param curvature of shape [b*c, c], in double precision
 */
public record MatrixLinearization(INDArray jacobian, double[] residual, INDArray curvature)
    implements Linearization {

  @Override
  public int examples() {
    return jacobian.rows() / curvature.columns();
  }

  @Override
  public INDArray gramian() {
    return Nd4j.gemm(jacobian, jacobian, false, true);
  }

  @Override
  public double[] times(INDArray vector) {
    return jacobian.mmul(vector.castTo(DataType.DOUBLE)).toDoubleVector();
  }

  @Override
  public void transposeTimes(double[] weights, INDArray out) {
    out.assign(jacobian.transpose().mmul(Nd4j.createFromArray(weights)));
  }
}
