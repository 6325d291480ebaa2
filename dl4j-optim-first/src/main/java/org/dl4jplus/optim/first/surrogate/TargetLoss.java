package org.dl4jplus.optim.first.surrogate;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * An output layer's loss that first records where it is asked and what its gradient is there, and
 * then stands in for itself as the surrogate around that record:
 *
 * <pre>{@code
 * Q = sum( G*(f - Z) + (f - Z)^2/(2 eta) ) ;  dQ/df = G + (f - Z)/eta
 * }</pre>
 *
 * <p>f is the layer's output before the activation, Z what it was and G the gradient of the sum of
 * the losses there. Scores are the delegate's while it records and 0 after that.
 */
public final class TargetLoss implements ILossFunction {

  private final ILossFunction delegate;
  private transient INDArray targets;
  private transient INDArray gradients;
  private transient double eta;
  private transient double value;

  /**
   * Wraps a loss.
   *
   * @param delegate the loss
   */
  public TargetLoss(ILossFunction delegate) {
    this.delegate = delegate;
    record();
  }

  /** Makes the next gradient the loss's own, to be recorded. */
  public void record() {
    eta = Double.NaN;
  }

  /**
   * Makes the next gradients those of the surrogate.
   *
   * @param newEta its eta
   */
  public void stand(double newEta) {
    eta = newEta;
  }

  /**
   * The surrogate at the last point.
   *
   * @return its sum over the batch; 0 at the recorded point
   */
  public double value() {
    return value;
  }

  private static INDArray keep(INDArray memory, INDArray array) {
    INDArray kept =
        memory != null && memory.equalShapes(array) && memory.dataType() == array.dataType()
            ? memory
            // Outside any workspace: it is read in later passes.
            : Nd4j.createUninitializedDetached(array.dataType(), 'c', array.shape());
    return kept.assign(array);
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    if (Double.isNaN(eta)) {
      targets = keep(targets, preOutput);
      INDArray gradient = delegate.computeGradient(labels, preOutput, activationFn, mask);
      gradients = keep(gradients, gradient);
      value = 0;
      return gradient;
    }
    INDArray moved = preOutput.sub(targets);
    INDArray wide = moved.castTo(DataType.DOUBLE);
    value =
        wide.mul(gradients.castTo(DataType.DOUBLE)).sumNumber().doubleValue()
            + wide.mul(wide).sumNumber().doubleValue() / (2 * eta);
    return moved.divi(eta).addi(gradients);
  }

  @Override
  public double computeScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    // The surrogate's passes do without the loss, and their scores are not used.
    return Double.isNaN(eta)
        ? delegate.computeScore(labels, preOutput, activationFn, mask, average)
        : 0;
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    return delegate.computeScoreArray(labels, preOutput, activationFn, mask);
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    INDArray gradient = computeGradient(labels, preOutput, activationFn, mask);
    return Pair.of(computeScore(labels, preOutput, activationFn, mask, average), gradient);
  }

  @Override
  public String name() {
    return delegate.name();
  }
}
