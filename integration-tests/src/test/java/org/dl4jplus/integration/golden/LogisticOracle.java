package org.dl4jplus.integration.golden;

import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A file's logistic regression with an L2 term and labels of +-1, which starts at 0 and knows its
 * Hessian. The file's probes are used one after another in the place of those it is asked with.
 */
final class LogisticOracle implements GradientOracle {

  private final GoldenFile file;
  private final double[] x;
  private final double[] y;
  private final double l2;
  private final int width;
  private final INDArray parameters;
  private int asked;

  LogisticOracle(GoldenFile file, DataType type) {
    this.file = file;
    x = file.numbers("features");
    y = file.numbers("labels");
    l2 = file.json().path("l2").asDouble();
    width = x.length / y.length;
    parameters =
        file.has("start")
            ? Nd4j.createFromArray(file.numbers("start")).castTo(type)
            : Nd4j.zeros(type, width);
  }

  /** Probes that have been used. */
  int asked() {
    return asked;
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    double[] w = point.toDoubleVector();
    double[] gradient = new double[width];
    double loss = 0;
    for (int i = 0; i < y.length; i++) {
      double margin = y[i] * product(i, w);
      loss += Math.log1p(Math.exp(-margin)) / y.length;
      add(gradient, -y[i] / (1 + Math.exp(margin)) / y.length, i);
    }
    for (int j = 0; j < width; j++) {
      loss += l2 / 2 * w[j] * w[j];
      gradient[j] += l2 * w[j];
    }
    gradientOut.assign(Nd4j.createFromArray(gradient));
    return loss;
  }

  @Override
  public void hessianVector(INDArray point, INDArray v, INDArray out) {
    double[] probe = file.numbers("probes", asked++);
    double[] w = point.toDoubleVector();
    double[] estimate = new double[width];
    for (int i = 0; i < y.length; i++) {
      double p = 1 / (1 + Math.exp(-product(i, w)));
      add(estimate, p * (1 - p) * product(i, probe) / y.length, i);
    }
    for (int j = 0; j < width; j++) {
      estimate[j] = probe[j] * (estimate[j] + l2 * probe[j]);
    }
    // Times the probe that asks, whose square is 1: the estimate is the recorded probe's.
    out.assign(Nd4j.createFromArray(estimate)).muli(v);
  }

  private double product(int row, double[] w) {
    double sum = 0;
    for (int j = 0; j < width; j++) {
      sum += x[row * width + j] * w[j];
    }
    return sum;
  }

  private void add(double[] target, double factor, int row) {
    for (int j = 0; j < width; j++) {
      target[j] += factor * x[row * width + j];
    }
  }
}
