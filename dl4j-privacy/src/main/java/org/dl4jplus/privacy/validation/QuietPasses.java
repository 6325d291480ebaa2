package org.dl4jplus.privacy.validation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;

/** Passes of private records through a network that nobody hears and that leave nothing in it. */
public final class QuietPasses {

  private QuietPasses() {}

  /**
   * Runs passes without the network's listeners. Afterwards its inputs, labels, masks and layers'
   * memory of them are gone, its gradient is 0 and its score NaN.
   *
   * @param model an initialised network
   * @param passes what to run
   */
  public static void run(Model model, Runnable passes) {
    get(
        model,
        () -> {
          passes.run();
          return null;
        });
  }

  /**
   * Runs passes as {@link #run} does.
   *
   * @param model an initialised network
   * @param passes what to run
   * @param <T> what they come to
   * @return the passes' result
   */
  public static <T> T get(Model model, Supplier<T> passes) {
    ModelAccess access = ModelAccess.of(model);
    Collection<TrainingListener> listeners = new ArrayList<>(access.listeners());
    setListeners(model, new ArrayList<>());
    try {
      return passes.get();
    } finally {
      forget(model, access);
      setListeners(model, listeners);
    }
  }

  private static void forget(Model model, ModelAccess access) {
    if (model instanceof ComputationGraph graph) {
      graph.clear();
      graph.clearLayersStates();
      graph.clearLayerMaskArrays();
    } else {
      MultiLayerNetwork network = (MultiLayerNetwork) model;
      network.setInput(null);
      network.setLabels(null);
      network.clearLayersStates();
      network.clearLayerMaskArrays();
    }
    for (Layer layer : access.layers()) {
      if (layer instanceof IOutputLayer output) {
        // The platform's LossLayer would free the caller's array.
        output.setLabels(null);
      }
      layer.clear();
    }
    if (model instanceof ComputationGraph graph) {
      Arrays.stream(graph.getVertices()).forEach(GraphVertex::clear);
    }
    if (access.hasGradient()) {
      access.gradient().assign(0);
    }
    access.setScore(Double.NaN);
  }

  /**
   * Replaces a network's listeners.
   *
   * @param model a network
   * @param listeners the new ones
   */
  public static void setListeners(Model model, Collection<TrainingListener> listeners) {
    if (model instanceof ComputationGraph graph) {
      graph.setListeners(listeners);
    } else {
      ((MultiLayerNetwork) model).setListeners(listeners);
    }
  }
}
