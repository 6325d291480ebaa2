package org.dl4jplus.bilevel.problem;

import java.util.Arrays;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A loss with a weight for each example:
 *
 * <pre>{@code
 * loss = sum over i of weight[i] * inner[i]      (the network divides by the number of examples)
 * }</pre>
 *
 * What a label mask with fractional values does not do in DL4J, where a mask multiplies the
 * pre-activations of the output layer. Weights are set before each batch and hold for this object
 * only; without them the loss is the inner one. They are not part of the JSON.
 */
@EqualsAndHashCode(of = "inner")
public final class WeightedLoss implements ILossFunction {

  /** The loss that is weighted. */
  @Getter @JsonProperty private final ILossFunction inner;

  private transient INDArray weights;
  private transient INDArray exampleLosses;

  /**
   * Wraps a loss.
   *
   * @param inner the loss of each example
   */
  @JsonCreator
  public WeightedLoss(@JsonProperty("inner") ILossFunction inner) {
    this.inner = Require.given("inner", inner);
  }

  /**
   * Sets the weights of the next batches.
   *
   * @param weights one for each row of the labels; null for none
   */
  public void setWeights(INDArray weights) {
    this.weights = weights;
  }

  /**
   * What the last score was made of, before weights.
   *
   * @return one loss for each row, of shape [rows]; null before the first score
   */
  public INDArray exampleLosses() {
    return exampleLosses;
  }

  @Override
  public double computeScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    INDArray scores = inner.computeScoreArray(labels, preOutput, activationFn, mask);
    // Outlives the workspace of the pass.
    exampleLosses = scores.detach().reshape(new long[] {scores.length()});
    double sum =
        (weights == null ? exampleLosses : exampleLosses.mul(column(1, scores.length())))
            .sumNumber()
            .doubleValue();
    return average ? sum / scores.length() : sum;
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    INDArray scores = inner.computeScoreArray(labels, preOutput, activationFn, mask);
    return weights == null ? scores : scores.mul(column(scores.rank(), scores.size(0)));
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    INDArray gradient = inner.computeGradient(labels, preOutput, activationFn, mask);
    return weights == null ? gradient : gradient.mul(column(gradient.rank(), gradient.size(0)));
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

  /** The weights, shaped to multiply the rows of an array of some rank. */
  private INDArray column(int rank, long rows) {
    if (weights.length() != rows) {
      throw new IllegalStateException(
          "There are " + weights.length() + " weights for " + rows + " rows of labels");
    }
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    shape[0] = rows;
    return weights.reshape(shape);
  }

  @Override
  public String name() {
    return "WeightedLoss(" + inner.name() + ")";
  }
}
