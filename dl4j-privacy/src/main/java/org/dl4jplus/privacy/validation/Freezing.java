package org.dl4jplus.privacy.validation;

import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves layers that cannot be trained as they are, with all layers before them: gradients do not
 * pass through a layer in inference mode. Their parameters and statistics must be public.
 */
final class Freezing {

  private static final Logger LOG = LoggerFactory.getLogger(Freezing.class);

  private Freezing() {}

  static void apply(Model model) {
    List<Part> unsupported =
        Part.of(model).stream().filter(part -> LayerCheck.reason(part) != null).toList();
    if (unsupported.isEmpty()) {
      return;
    }
    if (!(model instanceof MultiLayerNetwork network)) {
      throw new IllegalArgumentException(
          "freezeUnsupported works on a MultiLayerNetwork; freeze "
              + unsupported.get(0).describe()
              + " of a ComputationGraph by TransferLearning.GraphBuilder.setFeatureExtractor");
    }
    Layer[] layers = network.getLayers();
    Part last = unsupported.get(unsupported.size() - 1);
    if (last.layer() == layers[layers.length - 1]) {
      throw new IllegalArgumentException(
          last.describe() + " cannot be frozen, since nothing would be left to train");
    }
    for (int i = 0; i < layers.length; i++) {
      boolean end = layers[i] == last.layer();
      if (!(layers[i] instanceof FrozenLayer)) {
        freeze(network, layers, i);
      }
      if (end) {
        break;
      }
    }
    network.setLayers(layers);
    // The updater's memory has other parts now.
    network.setUpdater(null);
    LOG.warn("{} and the layers before it stay as they are", last.describe());
  }

  /** As the platform's TransferLearning does it. */
  private static void freeze(MultiLayerNetwork network, Layer[] layers, int i) {
    NeuralNetConfiguration outer = network.getLayerWiseConfigurations().getConf(i);
    NeuralNetConfiguration inner = outer.clone();
    List<String> variables = outer.variables(true);
    inner.clearVariables();
    inner.variables(false).addAll(variables);
    layers[i].setConf(inner);
    layers[i] = new FrozenLayer(layers[i]);
    var frozen = new org.deeplearning4j.nn.conf.layers.misc.FrozenLayer(outer.getLayer());
    frozen.setLayerName(outer.getLayer().getLayerName());
    outer.setLayer(frozen);
  }
}
