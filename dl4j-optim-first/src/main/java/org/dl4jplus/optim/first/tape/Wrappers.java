package org.dl4jplus.optim.first.tape;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** Puts recording wrappers into layers' configurations and takes them off again. */
final class Wrappers {

  private final List<Runnable> undo = new ArrayList<>();

  void activation(BaseLayer layer, RecordingActivation.Sink sink) {
    wrap(layer::getActivationFn, layer::setActivationFn, sink);
  }

  void gate(AbstractLSTM layer, RecordingActivation.Sink sink) {
    wrap(layer::getGateActivationFn, layer::setGateActivationFn, sink);
  }

  private void wrap(
      Supplier<IActivation> getter, Consumer<IActivation> setter, RecordingActivation.Sink sink) {
    // What an exception in an earlier pass has left behind is no user's activation.
    IActivation original = RecordingActivation.original(getter.get());
    undo.add(() -> setter.accept(original));
    setter.accept(new RecordingActivation(original, sink));
  }

  /** False for layers that keep their loss somewhere else. */
  boolean loss(Layer layer, RecordingLoss.Sink sink) {
    if (layer instanceof BaseOutputLayer output) {
      wrap(output::getLossFn, output::setLossFn, sink);
    } else if (layer instanceof LossLayer output) {
      wrap(output::getLossFn, output::setLossFn, sink);
    } else if (layer instanceof CnnLossLayer output) {
      wrap(output::getLossFn, output::setLossFn, sink);
    } else if (layer instanceof RnnLossLayer output) {
      wrap(output::getLossFn, output::setLossFn, sink);
    } else {
      return false;
    }
    return true;
  }

  private void wrap(
      Supplier<ILossFunction> getter, Consumer<ILossFunction> setter, RecordingLoss.Sink sink) {
    ILossFunction original = RecordingLoss.original(getter.get());
    undo.add(() -> setter.accept(original));
    setter.accept(new RecordingLoss(original, sink));
  }

  void remove() {
    undo.forEach(Runnable::run);
    undo.clear();
  }
}
