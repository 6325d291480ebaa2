package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.ot.metric.CircleLoss;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** What the two circle losses share. */
@EqualsAndHashCode
abstract class CircleLossFunction implements ILossFunction {

  private static final long serialVersionUID = 1L;

  @Getter private double margin = 0.25;
  @Getter private double gamma = 80;
  @Getter private boolean constantWeights = true;

  CircleLossFunction() {}

  /**
   * Sets the relaxation.
   *
   * @param margin in [0, 1]; default 0.25
   * @throws IllegalArgumentException if it is not
   */
  public void setMargin(double margin) {
    this.margin = CircleLoss.builder().margin(margin).build().getMargin();
  }

  /**
   * Sets the scale.
   *
   * @param gamma finite and &gt; 0; default 80; the paper has 256 for faces and 80 for retrieval
   * @throws IllegalArgumentException if it is not
   */
  public void setGamma(double gamma) {
    this.gamma = CircleLoss.builder().gamma(gamma).build().getGamma();
  }

  /**
   * Sets whether the gradient takes the pairs' weights for constants, as the paper does. If not it
   * is the derivative of the score.
   *
   * @param constantWeights default true
   */
  public void setConstantWeights(boolean constantWeights) {
    this.constantWeights = constantWeights;
  }

  CircleLoss loss() {
    return new CircleLoss(margin, gamma, constantWeights);
  }

  /**
   * The loss of each row and the gradient of their sum.
   *
   * @param output activations, a row for each example
   * @param classes of each row; negative for one that takes no part
   * @param gradient gets the gradient, row by row
   * @return the rows' losses
   */
  abstract double[] losses(double[][] output, int[] classes, double[][] gradient);

  private double[] losses(
      INDArray labels,
      INDArray preOutput,
      IActivation activation,
      INDArray mask,
      double[][] gradient) {
    if (preOutput.rank() != 2 || labels.rank() != 2 || labels.size(0) != preOutput.size(0)) {
      throw new IllegalArgumentException(
          "labels and output must be matrices of as many rows: "
              + labels.shapeInfoToString()
              + ", "
              + preOutput.shapeInfoToString());
    }
    INDArray output = activation.getActivation(preOutput.dup(), true);
    return losses(output.castTo(DataType.DOUBLE).toDoubleMatrix(), classes(labels, mask), gradient);
  }

  private static int[] classes(INDArray labels, INDArray mask) {
    if (mask != null && mask.length() != labels.size(0)) {
      throw new IllegalArgumentException(
          "mask must have one entry for each example: " + mask.shapeInfoToString());
    }
    int[] classes = new int[(int) labels.size(0)];
    double[][] rows = labels.castTo(DataType.DOUBLE).toDoubleMatrix();
    for (int i = 0; i < classes.length; i++) {
      if (mask != null && mask.getDouble(i) == 0) {
        classes[i] = -1;
        continue;
      }
      for (int k = 1; k < rows[i].length; k++) {
        if (rows[i][k] > rows[i][classes[i]]) {
          classes[i] = k;
        }
      }
    }
    return classes;
  }

  @Override
  public double computeScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    double sum = 0;
    for (double loss : losses(labels, preOutput, activationFn, mask, gradientOf(preOutput))) {
      sum += loss;
    }
    return average ? sum / preOutput.size(0) : sum;
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    double[] losses = losses(labels, preOutput, activationFn, mask, gradientOf(preOutput));
    return Nd4j.createFromArray(losses).reshape(losses.length, 1).castTo(preOutput.dataType());
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    double[][] gradient = gradientOf(preOutput);
    losses(labels, preOutput, activationFn, mask, gradient);
    INDArray epsilon = Nd4j.createFromArray(gradient).castTo(preOutput.dataType());
    return activationFn.backprop(preOutput.dup(), epsilon).getFirst();
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    return new Pair<>(
        computeScore(labels, preOutput, activationFn, mask, average),
        computeGradient(labels, preOutput, activationFn, mask));
  }

  private static double[][] gradientOf(INDArray output) {
    return new double[(int) output.size(0)][(int) output.size(output.rank() - 1)];
  }

  @Override
  public String name() {
    return toString();
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + "(margin=" + margin + ", gamma=" + gamma + ")";
  }
}
