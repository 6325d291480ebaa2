package org.dl4jplus.optim.second;

import java.util.List;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** constant + sum of h*w*w/2 + b*w, which knows its Hessian and can be made to fail. */
final class DiagonalQuadratic implements GradientOracle {

  final INDArray w;
  private final INDArray h;
  private final INDArray b;
  double constant;
  boolean broken;
  int gradients;
  int products;
  int samples;
  long labels = 1;
  List<VariableShape> variables;

  /** Where a sampled gradient was last asked for. */
  INDArray sampledAt;

  DiagonalQuadratic(double[] h, double[] b, double[] start) {
    this.h = Nd4j.createFromArray(h);
    this.b = Nd4j.createFromArray(b);
    w = Nd4j.createFromArray(start);
    variables = GradientOracle.super.variables();
  }

  INDArray gradient() {
    return h.mul(w).addi(b);
  }

  @Override
  public INDArray parameters() {
    return w;
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    gradients++;
    gradientOut.assign(h.mul(point).addi(b));
    return constant + GradientTurn.dot(h.mul(point), point) / 2 + GradientTurn.dot(b, point);
  }

  @Override
  public void hessianVector(INDArray point, INDArray v, INDArray out) {
    products++;
    if (broken) {
      throw new ArithmeticException("made to fail");
    }
    out.assign(h.mul(v));
  }

  /** The values of h. */
  @Override
  public void sampledGradient(INDArray point, long seed, INDArray gradientOut) {
    samples++;
    sampledAt = point.dup();
    gradientOut.assign(broken ? Nd4j.valueArrayOf(h.length(), Double.NaN) : h);
  }

  @Override
  public long labelCount() {
    return labels;
  }

  @Override
  public List<VariableShape> variables() {
    return variables;
  }
}
