package org.dl4jplus.bilevel.implicit;

import java.util.function.UnaryOperator;
import org.dl4jplus.bilevel.linear.Vectors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Arrays as their entries in row-major order. */
final class Entries {

  private Entries() {}

  static double[] of(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  static INDArray like(INDArray array, double[] entries) {
    if (entries.length != array.length()) {
      throw new IllegalArgumentException(
          "An array of " + array.length() + " entries was expected, got " + entries.length);
    }
    return Nd4j.create(entries, array.shape(), 'c').castTo(array.dataType());
  }

  /** The derivative of a function along a direction, by a central difference. */
  static INDArray along(INDArray point, INDArray direction, UnaryOperator<INDArray> function) {
    double length = direction.norm2Number().doubleValue();
    if (length == 0) {
      return function.apply(point).mul(0);
    }
    // Near the cube root of the precision, where rounding and curvature are of one size.
    double scale = point.dataType() == DataType.DOUBLE ? 6e-6 : 5e-3;
    double r = scale * (1 + point.norm2Number().doubleValue()) / length;
    INDArray step = direction.reshape(point.shape()).mul(r);
    return function.apply(point.add(step)).sub(function.apply(point.sub(step))).div(2 * r);
  }

  /** From a Jacobian's product with every unit vector: that of its transpose with one vector. */
  static INDArray gradient(INDArray point, INDArray cotangent, UnaryOperator<INDArray> product) {
    double[] u = of(cotangent);
    double[] gradient = new double[(int) point.length()];
    for (int i = 0; i < gradient.length; i++) {
      double[] unit = new double[gradient.length];
      unit[i] = 1;
      gradient[i] = Vectors.dot(u, of(product.apply(like(point, unit))));
    }
    return like(point, gradient);
  }
}
