package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.params.LSTMParamInitializer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An LSTM without peepholes. For each time step the platform asks in this order: output gate,
 * activation of the cell, forget gate (not at the first step, where nothing is to be forgotten),
 * modulation gate, activation of the input. Columns of the weights are input, forget, output,
 * modulation.
 */
final class LstmCapture extends RecurrentCapture {

  /** What is asked next. */
  private enum Phase {
    OUTPUT,
    CELL,
    FORGET,
    MODULATION,
    INPUT
  }

  private final IActivation activation;
  private final IActivation gate;
  private Phase phase = Phase.OUTPUT;
  private INDArray outputGate;

  LstmCapture(Site site) {
    super(
        site,
        4,
        LSTMParamInitializer.INPUT_WEIGHT_KEY,
        LSTMParamInitializer.RECURRENT_WEIGHT_KEY,
        LSTMParamInitializer.BIAS_KEY);
    activation = RecordingActivation.original(layer.getActivationFn());
    gate = RecordingActivation.original(((AbstractLSTM) layer).getGateActivationFn());
  }

  @Override
  void install(Wrappers wrappers) {
    wrappers.activation(layer, new ActivationSink());
    wrappers.gate((AbstractLSTM) layer, new GateSink());
  }

  private void require(boolean expected) {
    if (!expected) {
      throw new IllegalStateException(
          "This release of DL4J goes through the gates of " + site.name() + " in another order");
    }
  }

  private final class GateSink implements RecordingActivation.Sink {

    @Override
    public void argument(INDArray z) {
      start(z);
      if (phase == Phase.OUTPUT) {
        outputGate = gate.getActivation(z.dup('c'), true);
      }
    }

    @Override
    public void error(INDArray delta) {
      switch (phase) {
        case OUTPUT -> {
          LstmCapture.this.error(2, delta);
          phase = Phase.CELL;
        }
        case FORGET -> {
          LstmCapture.this.error(1, delta);
          phase = Phase.MODULATION;
        }
        default -> {
          require(phase == Phase.MODULATION);
          LstmCapture.this.error(3, delta);
          phase = Phase.INPUT;
        }
      }
    }
  }

  private final class ActivationSink implements RecordingActivation.Sink {

    @Override
    public void argument(INDArray z) {
      if (phase == Phase.CELL) {
        output(activation.getActivation(z.dup('c'), true).muli(outputGate));
      }
    }

    @Override
    public void error(INDArray delta) {
      if (phase == Phase.CELL) {
        phase = step() == 0 ? Phase.MODULATION : Phase.FORGET;
      } else {
        require(phase == Phase.INPUT);
        LstmCapture.this.error(0, delta);
        phase = Phase.OUTPUT;
        nextStep();
      }
    }
  }
}
