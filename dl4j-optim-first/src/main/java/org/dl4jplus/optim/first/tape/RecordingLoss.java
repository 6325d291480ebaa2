package org.dl4jplus.optim.first.tape;

import java.io.Serial;
import lombok.Getter;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.databind.annotation.JsonSerialize;

/** Stands in the place of an output layer's loss during one backward pass. */
@Getter
@JsonSerialize(using = DelegateSerializer.class)
final class RecordingLoss implements ILossFunction, DelegateSerializer.Wrapper {

  @Serial private static final long serialVersionUID = 1L;

  /** What the loss is asked, and what it is to answer. */
  interface Sink {

    /** The gradient at the pre-activations that the network is to go on with. */
    INDArray errors(
        ILossFunction loss,
        INDArray labels,
        INDArray preOutput,
        IActivation activation,
        INDArray mask);
  }

  private final ILossFunction delegate;
  private final transient Sink sink;
  private final transient Thread owner = Thread.currentThread();

  RecordingLoss(ILossFunction delegate, Sink sink) {
    this.delegate = delegate;
    this.sink = sink;
  }

  /** The user's loss, whatever stands in front of it. */
  static ILossFunction original(ILossFunction loss) {
    return loss instanceof RecordingLoss recording ? recording.delegate : loss;
  }

  @Override
  public double computeScore(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
    return delegate.computeScore(labels, preOutput, activation, mask, average);
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    return delegate.computeScoreArray(labels, preOutput, activation, mask);
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
    return Thread.currentThread() == owner
        ? sink.errors(delegate, labels, preOutput, activation, mask)
        : delegate.computeGradient(labels, preOutput, activation, mask);
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
    return Pair.of(
        computeScore(labels, preOutput, activation, mask, average),
        computeGradient(labels, preOutput, activation, mask));
  }

  @Override
  public String name() {
    return delegate.name();
  }

  @Override
  public String toString() {
    return delegate.toString();
  }

  @Serial
  private Object writeReplace() {
    return delegate;
  }
}
