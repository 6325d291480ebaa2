package org.dl4jplus.bilevel.implicit;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A condition F(z, theta) = 0 on z, given theta, with its derivatives. Only the value has to be
 * given: products with the Jacobians come from central differences otherwise, those from the left
 * coordinate by coordinate at two values each, so a problem of some size should give its own or be
 * a {@link SameDiffResidual}.
 */
@FunctionalInterface
public interface Residual {

  /**
   * The value.
   *
   * @param z of any shape; not changed
   * @param theta of any shape; not changed
   * @return F, with as many entries as z
   */
  INDArray value(INDArray z, INDArray theta);

  /**
   * The product dF/dz * tangent.
   *
   * @param z of any shape; not changed
   * @param theta of any shape; not changed
   * @param tangent of z's shape; not changed
   * @return an array with as many entries as z
   */
  default INDArray jvpZ(INDArray z, INDArray theta, INDArray tangent) {
    return Entries.along(z, tangent, at -> value(at, theta));
  }

  /**
   * The product dF/dtheta * tangent.
   *
   * @param z of any shape; not changed
   * @param theta of any shape; not changed
   * @param tangent of theta's shape; not changed
   * @return an array with as many entries as z
   */
  default INDArray jvpTheta(INDArray z, INDArray theta, INDArray tangent) {
    return Entries.along(theta, tangent, at -> value(z, at));
  }

  /**
   * The product (dF/dz)' * cotangent.
   *
   * @param z of any shape; not changed
   * @param theta of any shape; not changed
   * @param cotangent of z's shape; not changed
   * @return an array with as many entries as z
   */
  default INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
    return Entries.gradient(z, cotangent, tangent -> jvpZ(z, theta, tangent));
  }

  /**
   * The product (dF/dtheta)' * cotangent.
   *
   * @param z of any shape; not changed
   * @param theta of any shape; not changed
   * @param cotangent of z's shape; not changed
   * @return an array with as many entries as theta
   */
  default INDArray vjpTheta(INDArray z, INDArray theta, INDArray cotangent) {
    return Entries.gradient(theta, cotangent, tangent -> jvpTheta(z, theta, tangent));
  }
}
