package org.dl4jplus.optim.zeroth.estimate;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where a difference takes its values. */
public enum Difference {
  /** {@code (f(x + mu z) - f(x)) / mu}: one value a direction, and one for all. */
  FORWARD(1e-4, 1e-3),
  /** {@code (f(x + mu z) - f(x - mu z)) / (2 mu)}: two values a direction. */
  CENTRAL(6e-6, 5e-3);

  private final double inDouble;
  private final double inSingle;

  Difference(double inDouble, double inSingle) {
    this.inDouble = inDouble;
    this.inSingle = inSingle;
  }

  double along(Probe probe, double[] z) {
    double mu = probe.mu();
    return this == FORWARD
        ? (probe.at(z, mu) - probe.base()) / mu
        : (probe.at(z, mu) - probe.at(z, -mu)) / (2 * mu);
  }

  /**
   * A step that balances rounding and curvature: forward 1e-4 in double and 1e-3 in single
   * precision, central 6e-6 and 5e-3, each times max(1, root mean square of x).
   *
   * @param x the point, of shape [n]
   * @return mu
   */
  public double defaultMu(INDArray x) {
    double squares = 0;
    for (double value : x.toDoubleVector()) {
      squares += value * value;
    }
    double rms = Math.sqrt(squares / x.length());
    return (x.dataType() == DataType.DOUBLE ? inDouble : inSingle) * Math.max(1, rms);
  }
}
