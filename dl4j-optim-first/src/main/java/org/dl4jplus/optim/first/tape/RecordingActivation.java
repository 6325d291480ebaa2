package org.dl4jplus.optim.first.tape;

import java.io.Serial;
import lombok.Getter;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.annotation.JsonSerialize;

/** Stands in the place of a layer's activation during one backward pass. */
@Getter
@JsonSerialize(using = DelegateSerializer.class)
final class RecordingActivation implements IActivation, DelegateSerializer.Wrapper {

  @Serial private static final long serialVersionUID = 1L;

  /** What passes by. */
  interface Sink {

    /** Before the activation may overwrite its argument. */
    default void argument(INDArray z) {}

    /** The gradient at the pre-activations, in the network's workspace. */
    void error(INDArray delta);
  }

  private final IActivation delegate;
  private final transient Sink sink;
  private final transient Thread owner = Thread.currentThread();

  RecordingActivation(IActivation delegate, Sink sink) {
    this.delegate = delegate;
    this.sink = sink;
  }

  /** The user's activation, whatever stands in front of it. */
  static IActivation original(IActivation activation) {
    return activation instanceof RecordingActivation recording ? recording.delegate : activation;
  }

  @Override
  public INDArray getActivation(INDArray in, boolean training) {
    return delegate.getActivation(in, training);
  }

  @Override
  public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
    // Another thread may train a network that shares this configuration.
    if (Thread.currentThread() != owner) {
      return delegate.backprop(in, epsilon);
    }
    sink.argument(in);
    Pair<INDArray, INDArray> result = delegate.backprop(in, epsilon);
    sink.error(result.getFirst());
    return result;
  }

  @Override
  public int numParams(int inputSize) {
    return delegate.numParams(inputSize);
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
