package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;

/** Every listener of the project that replaces gradients, in its default and other settings. */
class ListenerContractTest {

  private static final List<Topology> TOPOLOGIES =
      List.of(Topology.DENSE, Topology.CONVOLUTION, Topology.GRAPH);

  @TempDir Path directory;

  /** A listener's class and the JSON fields of a setting; null for the defaults. */
  record Setting(Class<? extends GradientListener> type, String label, String json) {

    GradientListener listener() {
      if (json != null) {
        return read(type, json.replace('\'', '"'));
      }
      if (ListenerVariants.OBJECTS.containsKey(type.getSimpleName())) {
        return ListenerVariants.OBJECTS.get(type.getSimpleName()).get();
      }
      try {
        return type.getConstructor().newInstance();
      } catch (ReflectiveOperationException e) {
        return built();
      }
    }

    private GradientListener built() {
      try {
        Object builder = type.getMethod("builder").invoke(null);
        return type.cast(builder.getClass().getMethod("build").invoke(builder));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(type + " has no defaults that work", e);
      }
    }

    double learningRate() {
      return ListenerVariants.LEARNING_RATES.getOrDefault(type.getSimpleName(), 0.1);
    }

    boolean hasJson() {
      return Stream.of(type.getDeclaredConstructors())
          .anyMatch(c -> c.isAnnotationPresent(JsonCreator.class));
    }

    @Override
    public String toString() {
      return type.getSimpleName() + label;
    }
  }

  static List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (Class<? extends GradientListener> type : ClassPath.concrete(GradientListener.class)) {
      if (hasDefaults(type)) {
        settings.add(new Setting(type, "", null));
      }
      ListenerVariants.of(type)
          .forEach((label, json) -> settings.add(new Setting(type, " " + label, json)));
    }
    return settings;
  }

  private static boolean hasDefaults(Class<? extends GradientListener> type) {
    try {
      new Setting(type, "", null).listener();
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  private static <T> T read(Class<T> type, String json) {
    try {
      return Updaters.MAPPER.readValue(json, type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyListenerIsConfigured() {
    List<Class<? extends GradientListener>> types = ClassPath.concrete(GradientListener.class);
    assertFalse(types.isEmpty(), "no listeners on the class path");
    for (Class<? extends GradientListener> type : types) {
      assertTrue(
          hasDefaults(type) || !ListenerVariants.of(type).isEmpty(),
          () -> type.getName() + " has no defaults that work: add it to ListenerVariants");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void trains(Setting setting) {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      for (Topology topology : TOPOLOGIES) {
        String in = setting + " trains, " + topology + ", " + type + ": ";
        Model model = Models.network(topology, type, new Sgd(setting.learningRate()));
        GradientListener listener = setting.listener();
        model.setListeners(listener);
        DataSet data = topology.data(type, 0);
        double before = Models.score(model, data);
        if (refused(setting, topology, () -> Models.fit(model, data))) {
          continue;
        }
        for (int i = 1; i < 30; i++) {
          Models.fit(model, data);
          assertTrue(Double.isFinite(model.score()), in + "score at iteration " + i);
        }
        Numbers.assertFinite(Numbers.of(model.params()), in + "parameters");
        double after = Models.score(model, data);
        assertTrue(after < before, in + "loss went from " + before + " to " + after);
        assertEquals(0, listener.plainSteps(), in + "steps in which it stood aside");
      }
    }
  }

  /**
   * A method that needs the gradients of single examples says which layer has none; one that cannot
   * work with the graph's weight decay says so.
   */
  private static boolean refused(Setting setting, Topology topology, Runnable first) {
    try {
      first.run();
      return false;
    } catch (UnsupportedOperationException | IllegalStateException e) {
      assertTrue(
          e.getMessage().contains("Gradients of single examples are not known for")
              || topology.isGraph() && e.getMessage().contains(setting.type().getSimpleName()),
          setting + ", " + topology + ": " + e);
      assertNotEquals(Topology.DENSE, topology, setting + " refuses a dense network");
      return true;
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void jsonKeepsTheSetting(Setting setting) throws IOException {
    if (setting.hasJson()) {
      GradientListener listener = setting.listener();
      String json = Updaters.MAPPER.writeValueAsString(listener);
      GradientListener copy = read(setting.type(), json);
      assertEquals(listener, copy, json);
      assertEquals(listener.hashCode(), copy.hashCode(), json);
      assertEquals(json, Updaters.MAPPER.writeValueAsString(copy));
      assertEquals(listener, setting.listener(), "equal settings");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void javaSerializationKeepsTheSetting(Setting setting)
      throws IOException, ClassNotFoundException {
    GradientListener listener = setting.listener();
    // One that has worked: what belongs to a network must not go along.
    Model model = Models.network(Topology.DENSE, DataType.FLOAT, new Sgd(0.1));
    model.setListeners(listener);
    Models.fit(model, Topology.DENSE.data(DataType.FLOAT, 0));
    GradientListener copy = Models.copy(listener);
    if (setting.hasJson()) {
      assertEquals(listener, copy);
    }
    model.setListeners(copy);
    Models.fit(model, Topology.DENSE.data(DataType.FLOAT, 1));
    Numbers.assertFinite(Numbers.of(model.params()), setting + ", a copy at work");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void goesOnToTheSameBits(Setting setting) throws IOException, ClassNotFoundException {
    for (Topology topology : TOPOLOGIES) {
      Model model = Models.network(topology, DataType.FLOAT, new Adam(0.01));
      GradientListener listener = setting.listener();
      model.setListeners(listener);
      if (refused(setting, topology, () -> Models.fit(model, topology.data(DataType.FLOAT, 0)))) {
        continue;
      }
      for (int i = 1; i < 4; i++) {
        Models.fit(model, topology.data(DataType.FLOAT, i));
      }
      Model loaded = Models.saved(model, directory.resolve("model.zip").toFile());
      GradientState state = Models.copy(listener.state(model));
      GradientListener second = setting.listener();
      loaded.setListeners(second);
      second.restoreState(loaded, state);
      for (int i = 4; i < 9; i++) {
        Models.fit(model, topology.data(DataType.FLOAT, i));
        Models.fit(loaded, topology.data(DataType.FLOAT, i));
      }
      Numbers.assertSameBits(
          Numbers.of(model.params()),
          Numbers.of(loaded.params()),
          setting + ", saved, loaded and gone on, " + topology);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void twoOnOneNetworkAreRefused(Setting setting) {
    Model model = Models.network(Topology.DENSE, DataType.FLOAT, new Sgd(0.1));
    model.setListeners(setting.listener(), setting.listener());
    DataSet data = Topology.DENSE.data(DataType.FLOAT, 0);
    Throwable failure = assertThrows(IllegalStateException.class, () -> Models.fit(model, data));
    assertTrue(failure.getMessage().contains("attach one"), failure.getMessage());
  }

  /** A second pass would move the recurrent state on; a method that needs none may train. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void truncatedBackpropagationIsRefusedOrTrains(Setting setting) {
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Sgd(0.1))
            .list()
            .layer(new LSTM.Builder().nIn(4).nOut(3).build())
            .layer(
                new RnnOutputLayer.Builder(LossFunction.MCXENT)
                    .activation(Activation.SOFTMAX)
                    .nIn(3)
                    .nOut(3)
                    .build())
            .backpropType(BackpropType.TruncatedBPTT)
            .tBPTTLength(2)
            .build();
    MultiLayerNetwork net = new MultiLayerNetwork(conf);
    net.init();
    net.setListeners(setting.listener());
    try {
      // Longer than a segment, so that the state is carried on.
      Models.fit(net, Topology.RECURRENT.data(DataType.FLOAT, 0));
    } catch (IllegalStateException e) {
      assertTrue(e.getMessage().contains("truncated BPTT"), e.getMessage());
      return;
    }
    Numbers.assertFinite(Numbers.of(net.params()), setting + " under truncated BPTT");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void parallelWrapperTrainsOrSaysWhyNot(Setting setting) {
    for (Topology topology : List.of(Topology.CONVOLUTION, Topology.GRAPH)) {
      Model model = Models.network(topology, DataType.FLOAT, new Sgd(0.1));
      model.setListeners(setting.listener());
      Models.trainsInParallelOrSaysWhyNot(
          model,
          Models.iterator(topology, DataType.FLOAT, 8),
          setting.type(),
          setting + " under ParallelWrapper, " + topology);
    }
  }
}
