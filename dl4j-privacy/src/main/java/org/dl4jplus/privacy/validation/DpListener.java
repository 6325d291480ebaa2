package org.dl4jplus.privacy.validation;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Stands guard on a network that a DpTrainer trains: a step that does not come from the trainer
 * would release private data without noise and without being counted, so it is stopped before the
 * updater runs.
 */
public final class DpListener extends BaseTrainingListener implements Serializable {

  /** The trainer attaches it. */
  public DpListener() {}

  private static void refuse() {
    throw new IllegalStateException(
        "This network is under differential privacy: only its DpTrainer may train it; close the"
            + " trainer first");
  }

  // The trainer takes all listeners off while records pass through the network.

  @Override
  public void onForwardPass(Model model, List<INDArray> activations) {
    refuse();
  }

  @Override
  public void onForwardPass(Model model, Map<String, INDArray> activations) {
    refuse();
  }

  @Override
  public void onGradientCalculation(Model model) {
    refuse();
  }
}
