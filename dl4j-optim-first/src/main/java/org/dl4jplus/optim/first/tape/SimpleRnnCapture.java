package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.params.SimpleRnnParamInitializer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A SimpleRnn without layer normalization: one gradient for each time step. */
final class SimpleRnnCapture extends RecurrentCapture implements RecordingActivation.Sink {

  private final IActivation activation;

  SimpleRnnCapture(Site site) {
    super(
        site,
        1,
        SimpleRnnParamInitializer.WEIGHT_KEY,
        SimpleRnnParamInitializer.RECURRENT_WEIGHT_KEY,
        SimpleRnnParamInitializer.BIAS_KEY);
    activation = RecordingActivation.original(layer.getActivationFn());
  }

  @Override
  void install(Wrappers wrappers) {
    wrappers.activation(layer, this);
  }

  @Override
  public void argument(INDArray z) {
    start(z);
    output(activation.getActivation(z.dup('c'), true));
  }

  @Override
  public void error(INDArray delta) {
    error(0, masked(delta.dup('c')));
    nextStep();
  }
}
