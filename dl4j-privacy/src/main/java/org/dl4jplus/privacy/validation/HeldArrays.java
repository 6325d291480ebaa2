package org.dl4jplus.privacy.validation;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The arrays and floating-point numbers that parts of a network that are not the platform's keep in
 * their fields: running statistics and memories of records would be among them.
 */
final class HeldArrays {

  private final Map<String, double[]> values = new LinkedHashMap<>();
  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private HeldArrays() {}

  static HeldArrays of(Model model) {
    HeldArrays held = new HeldArrays();
    for (Part part : Part.of(model)) {
      held.object(part.describe(), part.layer());
      held.object(part.describe(), part.conf());
      held.object(part.describe(), part.loss());
      held.object(part.describe(), part.conf().getIDropout());
      if (part.conf() instanceof BaseLayer base) {
        held.object(part.describe(), base.getActivationFn());
        held.object(part.describe(), base.getWeightNoise());
      }
    }
    if (model instanceof ComputationGraph graph) {
      graph.getConfiguration().getVertices().forEach(held::object);
      for (var vertex : graph.getVertices()) {
        held.object(vertex.getVertexName(), vertex);
        if (vertex instanceof LayerVertex layer) {
          held.object(vertex.getVertexName(), layer.getLayerPreProcessor());
        }
      }
    } else {
      ((MultiLayerNetwork) model)
          .getLayerWiseConfigurations()
          .getInputPreProcessors()
          .forEach((layer, processor) -> held.object("preprocessor " + layer, processor));
    }
    return held;
  }

  /** The name of a value that is not the same in both, or null. */
  String changed(HeldArrays later) {
    Set<String> names = new LinkedHashSet<>(values.keySet());
    names.addAll(later.values.keySet());
    for (String name : names) {
      if (!Arrays.equals(values.get(name), later.values.get(name))) {
        return name;
      }
    }
    return null;
  }

  private void object(String path, Object object) {
    if (object == null
        || !own(object.getClass())
        || object.getClass().isEnum()
        || !seen.add(object)) {
      return;
    }
    for (Class<?> type = object.getClass(); own(type); type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers()) || !Modifier.isFinal(field.getModifiers())) {
          value(path + "." + field.getName(), read(field, object));
        }
      }
    }
  }

  private static Object read(Field field, Object object) {
    try {
      field.setAccessible(true);
      return field.get(object);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private void value(String path, Object value) {
    if (value instanceof INDArray array) {
      values.put(path, array.isEmpty() ? new double[0] : array.dup().data().asDouble());
    } else if (value instanceof Double || value instanceof Float) {
      values.put(path, new double[] {((Number) value).doubleValue()});
    } else if (value instanceof Collection<?> several) {
      several(path, several);
    } else if (value instanceof Map<?, ?> map) {
      several(path, map.values());
    } else if (value != null && value.getClass().isArray()) {
      for (int i = 0; i < Array.getLength(value); i++) {
        value(path + "[" + i + "]", Array.get(value, i));
      }
    } else {
      object(path, value);
    }
  }

  private void several(String path, Collection<?> several) {
    int i = 0;
    for (Object one : several) {
      value(path + "[" + i++ + "]", one);
    }
  }

  private static boolean own(Class<?> type) {
    String name = type.getName();
    return !name.startsWith("java.")
        && !name.startsWith("jdk.")
        && !name.startsWith("org.deeplearning4j.")
        && !name.startsWith("org.nd4j.")
        && !type.isPrimitive()
        && !type.isArray();
  }
}
