package org.dl4jplus.privacy.validation;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.dl4jplus.optim.first.model.ModelAccess;

/**
 * A layer of a network, or one inside a wrapper.
 *
 * @param name of the layer, for messages
 * @param layer the live layer, or the wrapper around it
 * @param conf its own configuration
 * @param frozen whether it stays as it is, in inference mode
 */
record Part(String name, org.deeplearning4j.nn.api.Layer layer, Layer conf, boolean frozen) {

  static List<Part> of(Model model) {
    List<Part> parts = new ArrayList<>();
    for (org.deeplearning4j.nn.api.Layer layer : ModelAccess.of(model).layers()) {
      Layer conf = layer.conf().getLayer();
      String name = conf.getLayerName() == null ? "layer " + layer.getIndex() : conf.getLayerName();
      boolean frozen = layer instanceof org.deeplearning4j.nn.layers.FrozenLayer;
      add(name, layer, conf, frozen, parts);
    }
    return parts;
  }

  private static void add(
      String name,
      org.deeplearning4j.nn.api.Layer layer,
      Layer conf,
      boolean frozen,
      List<Part> parts) {
    if (conf instanceof FrozenLayer inner) {
      add(name, layer, inner.getLayer(), true, parts);
    } else if (conf instanceof BaseWrapperLayer wrapper) {
      add(name, layer, wrapper.getUnderlying(), frozen, parts);
    } else if (conf instanceof Bidirectional both) {
      add(name, layer, both.getFwd(), frozen, parts);
      add(name, layer, both.getBwd(), frozen, parts);
    } else {
      parts.add(new Part(name, layer, conf, frozen));
    }
  }

  /** Whether a class is the platform's own. */
  static boolean ofPlatform(Object object) {
    String name = object.getClass().getName();
    return name.startsWith("org.deeplearning4j.") || name.startsWith("org.nd4j.");
  }

  boolean custom() {
    return !ofPlatform(layer) || !ofPlatform(conf);
  }

  /** The loss, or null. */
  Object loss() {
    try {
      return conf.getClass().getMethod("getLossFn").invoke(conf);
    } catch (NoSuchMethodException e) {
      return null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Name and kind. */
  String describe() {
    return name + " (" + conf.getClass().getSimpleName() + ")";
  }
}
