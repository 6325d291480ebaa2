package org.dl4jplus.bilevel.problem;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Central differences of gradients along a direction. */
final class Differences {

  private Differences() {}

  interface Gradient {
    void at(INDArray point, INDArray gradientOut);
  }

  /** out = (gradient(point + r*v) - gradient(point - r*v)) / (2*r). */
  static void along(INDArray point, INDArray v, INDArray out, Gradient gradient) {
    double norm = v.norm2Number().doubleValue();
    if (norm == 0) {
      out.assign(0);
      return;
    }
    double scale = point.dataType() == DataType.DOUBLE ? 1e-4 : 5e-3;
    double r = scale * (1 + point.norm2Number().doubleValue()) / norm;
    INDArray there = point.add(v.mul(r));
    INDArray back = out.ulike();
    gradient.at(there, out);
    there.assign(point).subi(v.mul(r));
    gradient.at(there, back);
    out.subi(back).divi(2 * r);
  }
}
