package org.dl4jplus.ot;

import java.util.Arrays;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * A loss that is computed from a whole batch, in double precision whatever the network's.
 *
 * <p>A mask has one value for each row.
 */
abstract class BatchLoss implements ILossFunction {

  private static final long serialVersionUID = 1L;

  /**
   * What a batch costs.
   *
   * @param scores one for each row
   * @param gradient of the sum of the scores with respect to the outputs
   */
  record Evaluation(double[] scores, double[][] gradient) {}

  /**
   * Evaluates a batch.
   *
   * @param labels as many rows as outputs, of {@link #labelColumns} columns
   * @param outputs after the activation
   * @param mask weights of the rows
   * @return scores and gradient
   */
  abstract Evaluation evaluate(double[][] labels, double[][] outputs, double[] mask);

  /**
   * How wide labels have to be.
   *
   * @param outputs columns of the outputs
   * @return as many by default
   */
  long labelColumns(long outputs) {
    return outputs;
  }

  private Evaluation evaluate(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    if (preOutput.rank() != 2
        || labels.rank() != 2
        || labels.size(0) != preOutput.size(0)
        || labels.size(1) != labelColumns(preOutput.size(1))) {
      throw new IllegalArgumentException(
          "labels and preOutput must be matrices of fitting shapes, got "
              + Arrays.toString(labels.shape())
              + " and "
              + Arrays.toString(preOutput.shape()));
    }
    INDArray output = activation.getActivation(preOutput.dup(), true);
    return evaluate(doubles(labels), doubles(output), weights(mask, preOutput.size(0)));
  }

  private static double[][] doubles(INDArray array) {
    // One copy: the platform's toDoubleMatrix makes a view of each row.
    double[] values = array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    int columns = (int) array.size(1);
    double[][] rows = new double[(int) array.size(0)][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(values, i * columns, (i + 1) * columns));
    return rows;
  }

  private static double[] weights(INDArray mask, long rows) {
    if (mask == null) {
      double[] ones = new double[(int) rows];
      Arrays.fill(ones, 1);
      return ones;
    }
    if (mask.length() != rows) {
      throw new IllegalArgumentException(
          "mask must hold one value for each of "
              + rows
              + " rows, got shape "
              + Arrays.toString(mask.shape()));
    }
    return mask.castTo(DataType.DOUBLE).dup('c').reshape(new long[] {rows}).toDoubleVector();
  }

  private static double score(Evaluation evaluation, boolean average) {
    double sum = Arrays.stream(evaluation.scores()).sum();
    return average ? sum / evaluation.scores().length : sum;
  }

  private static INDArray gradient(
      Evaluation evaluation, INDArray preOutput, IActivation activation) {
    INDArray gradient = Nd4j.createFromArray(evaluation.gradient()).castTo(preOutput.dataType());
    return activation.backprop(preOutput, gradient).getFirst();
  }

  @Override
  public double computeScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    return score(evaluate(labels, preOutput, activationFn, mask), average);
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    double[] scores = evaluate(labels, preOutput, activationFn, mask).scores();
    return Nd4j.createFromArray(scores)
        .reshape(new long[] {scores.length, 1})
        .castTo(preOutput.dataType());
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    return gradient(evaluate(labels, preOutput, activationFn, mask), preOutput, activationFn);
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    Evaluation evaluation = evaluate(labels, preOutput, activationFn, mask);
    return Pair.of(score(evaluation, average), gradient(evaluation, preOutput, activationFn));
  }

  @Override
  public String name() {
    return getClass().getSimpleName();
  }
}
