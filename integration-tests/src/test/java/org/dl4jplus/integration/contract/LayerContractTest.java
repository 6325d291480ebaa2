package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.ot.GeneralizedSumPoolingLayer;
import org.dl4jplus.ot.LossSinkhorn;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Every layer and every loss of the project in networks of layers and graphs, in single and double
 * precision.
 */
class LayerContractTest {

  private static final List<Boolean> KINDS = List.of(false, true);
  private static final List<DataType> TYPES = List.of(DataType.FLOAT, DataType.DOUBLE);
  private static final double ROUNDING = 1e-12;

  @TempDir Path directory;

  static List<Named<Class<?>>> subjects() {
    Stream<Class<?>> all =
        Stream.concat(
            ClassPath.concrete(Layer.class).stream(),
            ClassPath.concrete(ILossFunction.class).stream());
    return all.filter(type -> !Stack.ELSEWHERE.contains(type))
        .map(type -> Named.<Class<?>>of(type.getSimpleName(), type))
        .toList();
  }

  @Test
  void layersAndLossesAreFound() {
    List<?> found = subjects().stream().map(Named::getPayload).toList();
    assertTrue(found.contains(GeneralizedSumPoolingLayer.class));
    assertTrue(found.contains(LossSinkhorn.class));
  }

  @Test
  void classesWithoutNetworkAreNamed() {
    AssertionError e = assertThrows(AssertionError.class, () -> Stack.of(Object.class));
    assertTrue(e.getMessage().contains("java.lang.Object has no network"), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("subjects")
  void jsonAndClonesKeepIt(Class<?> type) {
    Stack stack = Stack.of(type);
    for (Layer layer : stack.layers()) {
      assertNotSame(layer, layer.clone());
      assertEquals(layer, layer.clone(), "clone of " + layer);
    }
    MultiLayerConfiguration layers = stack.configuration(DataType.FLOAT, new Sgd(0.1));
    MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(layers.toJson());
    assertEquals(layers, read);
    assertEquals(layers.hashCode(), read.hashCode());
    assertEquals(layers.toJson(), read.toJson());
    assertEquals(layers, layers.clone());
    ComputationGraphConfiguration graph = stack.graphConfiguration(DataType.FLOAT, new Sgd(0.1));
    assertEquals(graph, ComputationGraphConfiguration.fromJson(graph.toJson()));
    assertEquals(graph, graph.clone());
  }

  @ParameterizedTest
  @MethodSource("subjects")
  void trains(Class<?> type) {
    Stack stack = Stack.of(type);
    for (DataType precision : TYPES) {
      DataSet data = stack.data(precision);
      Model layers = stack.model(false, precision, new Adam(0.01));
      Model graph = stack.model(true, precision, new Adam(0.01));
      graph.setParams(layers.params());
      double before = Models.score(layers, data);
      for (int step = 0; step < 30; step++) {
        Models.fit(layers, data);
        Models.fit(graph, data);
      }
      String in = type.getSimpleName() + " in " + precision;
      assertEquals(precision, layers.params().dataType(), in);
      Numbers.assertFinite(Numbers.of(layers.params()), in);
      double after = Models.score(layers, data);
      assertTrue(after < before, in + ": loss " + before + ", then " + after);
      Numbers.assertSameBits(
          Numbers.of(layers.params()), Numbers.of(graph.params()), in + ": layers and graph");
    }
  }

  @ParameterizedTest
  @MethodSource("subjects")
  void trainsOnAfterSaving(Class<?> type) throws IOException {
    Stack stack = Stack.of(type);
    File file = directory.resolve("model.zip").toFile();
    for (DataType precision : TYPES) {
      DataSet data = stack.data(precision);
      for (boolean graph : KINDS) {
        String in = type.getSimpleName() + " in " + precision + ", graph " + graph;
        Model model = stack.model(graph, precision, new Adam(0.01));
        Models.fit(model, data);
        Models.fit(model, data);
        Model read = Models.saved(model, file);
        assertEquals(Models.score(model, data), Models.score(read, data), in);
        Models.fit(model, data);
        Models.fit(read, data);
        Numbers.assertSameBits(Numbers.of(model.params()), Numbers.of(read.params()), in);
      }
    }
  }

  /** Workers that see the same data, and average after each step, do what one network does. */
  @ParameterizedTest
  @MethodSource("subjects")
  void workersAgreeWithOneNetwork(Class<?> type) {
    for (boolean graph : KINDS) {
      workersAgree(Stack.of(type), graph, type.getSimpleName());
    }
  }

  @Test
  void workersOfThePlatformsLayersAgreeWithOneNetwork() {
    for (boolean graph : KINDS) {
      workersAgree(Stack.control(), graph, "dense");
    }
  }

  private static void workersAgree(Stack stack, boolean graph, String name) {
    DataSet data = stack.data(DataType.DOUBLE);
    Model together = stack.model(graph, DataType.DOUBLE, new Sgd(0.05));
    Model alone = stack.model(graph, DataType.DOUBLE, new Sgd(0.05));
    ParallelWrapper wrapper =
        new ParallelWrapper.Builder<>(together)
            .workers(2)
            .averagingFrequency(1)
            .prefetchBuffer(0)
            .build();
    try {
      wrapper.fit(new WhenWorkersWait(2, data, 10));
    } finally {
      wrapper.shutdown();
    }
    for (int step = 0; step < 5; step++) {
      Models.fit(alone, data);
    }
    assertArrayEquals(
        Numbers.of(alone.params()),
        Numbers.of(together.params()),
        ROUNDING,
        name + ", graph " + graph);
  }
}
