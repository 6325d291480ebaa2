package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.util.ModelSerializer;
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
import org.nd4j.linalg.learning.config.IUpdater;
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

  private static Model network(Topology topology, DataType type, IUpdater updater) {
    if (topology.isGraph()) {
      ComputationGraph graph = new ComputationGraph(topology.graph(updater, type));
      graph.init();
      return graph;
    }
    MultiLayerNetwork net = new MultiLayerNetwork(topology.layers(updater, type));
    net.init();
    return net;
  }

  private static void attach(Model model, GradientListener... listeners) {
    model.setListeners(listeners);
  }

  private static void fit(Model model, DataSet data) {
    if (model instanceof ComputationGraph graph) {
      graph.fit(data);
    } else {
      ((MultiLayerNetwork) model).fit(data);
    }
  }

  private static double score(Model model, DataSet data) {
    return model instanceof ComputationGraph graph
        ? graph.score(data)
        : ((MultiLayerNetwork) model).score(data);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void trains(Setting setting) {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      for (Topology topology : TOPOLOGIES) {
        String in = setting + " trains, " + topology + ", " + type + ": ";
        Model model = network(topology, type, new Sgd(setting.learningRate()));
        GradientListener listener = setting.listener();
        attach(model, listener);
        DataSet data = topology.data(type, 0);
        double before = score(model, data);
        if (refused(setting, topology, () -> fit(model, data))) {
          continue;
        }
        for (int i = 1; i < 30; i++) {
          fit(model, data);
          assertTrue(Double.isFinite(model.score()), in + "score at iteration " + i);
        }
        Numbers.assertFinite(Numbers.of(model.params()), in + "parameters");
        double after = score(model, data);
        assertTrue(after < before, in + "loss went from " + before + " to " + after);
        assertEquals(0, listener.plainSteps(), in + "steps in which it stood aside");
      }
    }
  }

  /** A method that needs the gradients of single examples says which layer has none. */
  private static boolean refused(Setting setting, Topology topology, Runnable first) {
    try {
      first.run();
      return false;
    } catch (UnsupportedOperationException e) {
      String expected = "Gradients of single examples are not known for";
      assertTrue(e.getMessage().contains(expected), setting + ", " + topology + ": " + e);
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
    Model model = network(Topology.DENSE, DataType.FLOAT, new Sgd(0.1));
    attach(model, listener);
    fit(model, Topology.DENSE.data(DataType.FLOAT, 0));
    GradientListener copy = copy(listener);
    if (setting.hasJson()) {
      assertEquals(listener, copy);
    }
    attach(model, copy);
    fit(model, Topology.DENSE.data(DataType.FLOAT, 1));
    Numbers.assertFinite(Numbers.of(model.params()), setting + ", a copy at work");
  }

  @SuppressWarnings("unchecked")
  private static <T extends Serializable> T copy(T object)
      throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void goesOnToTheSameBits(Setting setting) throws IOException, ClassNotFoundException {
    for (Topology topology : TOPOLOGIES) {
      Model model = network(topology, DataType.FLOAT, new Adam(0.01));
      GradientListener listener = setting.listener();
      attach(model, listener);
      if (refused(setting, topology, () -> fit(model, topology.data(DataType.FLOAT, 0)))) {
        continue;
      }
      for (int i = 1; i < 4; i++) {
        fit(model, topology.data(DataType.FLOAT, i));
      }
      File file = directory.resolve("model.zip").toFile();
      ModelSerializer.writeModel(model, file, true);
      GradientState state = copy(listener.state(model));
      Model loaded =
          topology.isGraph()
              ? ModelSerializer.restoreComputationGraph(file, true)
              : ModelSerializer.restoreMultiLayerNetwork(file, true);
      GradientListener second = setting.listener();
      attach(loaded, second);
      second.restoreState(loaded, state);
      for (int i = 4; i < 9; i++) {
        fit(model, topology.data(DataType.FLOAT, i));
        fit(loaded, topology.data(DataType.FLOAT, i));
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
    Model model = network(Topology.DENSE, DataType.FLOAT, new Sgd(0.1));
    attach(model, setting.listener(), setting.listener());
    DataSet data = Topology.DENSE.data(DataType.FLOAT, 0);
    Throwable failure = assertThrows(IllegalStateException.class, () -> fit(model, data));
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
    attach(net, setting.listener());
    try {
      // Longer than a segment, so that the state is carried on.
      fit(net, Topology.RECURRENT.data(DataType.FLOAT, 0));
    } catch (IllegalStateException e) {
      assertTrue(e.getMessage().contains("truncated BPTT"), e.getMessage());
      return;
    }
    Numbers.assertFinite(Numbers.of(net.params()), setting + " under truncated BPTT");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void parallelWrapperTrainsOrSaysWhyNot(Setting setting) {
    PrintStream before = System.err;
    // A worker's exception reaches the caller, and is printed by its thread as well.
    System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    try {
      for (Topology topology : List.of(Topology.CONVOLUTION, Topology.GRAPH)) {
        Model model = network(topology, DataType.FLOAT, new Sgd(0.1));
        attach(model, setting.listener());
        double[] start = Numbers.of(model.params());
        try {
          fitInParallel(model, topology);
        } catch (RuntimeException e) {
          String message = String.valueOf(e.getMessage());
          assertTrue(
              message.contains(setting.type().getSimpleName())
                  || message.contains("Gradients of single examples"),
              "refused by " + e);
          continue;
        }
        String in = setting + " under ParallelWrapper, " + topology;
        Numbers.assertFinite(Numbers.of(model.params()), in);
        assertFalse(Numbers.same(start, Numbers.of(model.params())), in + ": no parameter moved");
      }
    } finally {
      System.setErr(before);
    }
  }

  private static void fitInParallel(Model model, Topology topology) {
    ParallelWrapper wrapper =
        new ParallelWrapper.Builder<>(model)
            .workers(2)
            .averagingFrequency(2)
            .prefetchBuffer(0)
            .build();
    try {
      List<DataSet> data =
          IntStream.range(0, 8).mapToObj(i -> topology.data(DataType.FLOAT, i)).toList();
      wrapper.fit(new ExistingDataSetIterator(data));
    } finally {
      wrapper.shutdown();
    }
  }
}
