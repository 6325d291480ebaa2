package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.optim.first.AdaptiveBatchIterator;
import org.dl4jplus.optim.first.AdaptiveBatchListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;

/** Every schedule of the project, in the settings of {@link ScheduleVariants}. */
class ScheduleContractTest {

  private static final List<Topology> TOPOLOGIES =
      List.of(Topology.DENSE, Topology.CONVOLUTION, Topology.GRAPH);

  @TempDir Path directory;

  /** A schedule's class and the JSON fields of a setting. */
  record Setting(Class<? extends ISchedule> type, String label, String json) {

    ISchedule schedule() {
      String fields = json.substring(1).replace('\'', '"');
      try {
        return Updaters.MAPPER.readValue(
            "{\"@class\": \"" + type.getName() + "\", " + fields, ISchedule.class);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public String toString() {
      return type.getSimpleName() + " " + label;
    }
  }

  static List<Setting> settings() {
    List<Setting> settings = new ArrayList<>();
    for (Class<? extends ISchedule> type : ClassPath.concrete(ISchedule.class)) {
      new TreeMap<>(ScheduleVariants.JSON.getOrDefault(type.getSimpleName(), Map.of()))
          .forEach((label, json) -> settings.add(new Setting(type, label, json)));
    }
    return settings;
  }

  /** One setting of each class. */
  static List<Setting> classes() {
    Set<Class<?>> seen = new HashSet<>();
    return settings().stream().filter(setting -> seen.add(setting.type())).toList();
  }

  @Test
  void everyScheduleIsConfigured() {
    Set<String> unknown = new TreeSet<>(ScheduleVariants.JSON.keySet());
    for (Class<? extends ISchedule> type : ClassPath.concrete(ISchedule.class)) {
      assertTrue(
          unknown.remove(type.getSimpleName()),
          () -> type.getName() + " has no setting: add it to ScheduleVariants");
    }
    assertEquals(Set.of(), unknown, "ScheduleVariants names classes that are not there");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void aConfigurationsJsonKeepsIt(Setting setting) {
    ISchedule schedule = setting.schedule();
    MultiLayerConfiguration layers =
        Topology.DENSE.layers(new Sgd(schedule.clone()), DataType.FLOAT);
    MultiLayerConfiguration copy = MultiLayerConfiguration.fromJson(layers.toJson());
    assertEquals(layers, copy, layers.toJson());
    assertEquals(layers.toJson(), copy.toJson());
    assertEquals(
        new Sgd(schedule), ((BaseLayer) copy.getConf(0).getLayer()).getIUpdater(), copy.toJson());
    assertEquals(layers, MultiLayerConfiguration.fromYaml(layers.toYaml()));
    ComputationGraphConfiguration graph =
        Topology.GRAPH.graph(new Sgd(schedule.clone()), DataType.FLOAT);
    assertEquals(graph, ComputationGraphConfiguration.fromJson(graph.toJson()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void copiesAreEqualAndOthersAreNot(Setting setting) throws IOException, ClassNotFoundException {
    ISchedule schedule = setting.schedule();
    for (ISchedule copy :
        List.of(schedule.clone(), setting.schedule(), Models.copy(schedule), schedule)) {
      assertEquals(schedule, copy);
      assertEquals(schedule.hashCode(), copy.hashCode());
      assertEquals(schedule.toString(), copy.toString());
      for (int t = 0; t < 20; t++) {
        assertEquals(schedule.valueAt(t, t), copy.valueAt(t, t), "value at " + t);
      }
    }
    for (Setting other : settings()) {
      if (!other.equals(setting)) {
        assertNotEquals(schedule, other.schedule(), other.toString());
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void ratesAreFiniteAndNotNegative(Setting setting) {
    ISchedule schedule = setting.schedule();
    IntStream steps =
        IntStream.concat(
            IntStream.rangeClosed(0, 2000),
            IntStream.rangeClosed(11, 31)
                .flatMap(k -> IntStream.rangeClosed(-1, 1).map(d -> (int) ((1L << k) + d - 2))));
    steps.forEach(
        t -> {
          double rate = schedule.valueAt(t, t);
          assertTrue(rate >= 0 && rate < 10, () -> setting + " at " + t + ": " + rate);
          // Asked twice it says the same, and what came before does not matter.
          assertEquals(rate, schedule.valueAt(t, t));
        });
    assertEquals(setting.schedule().valueAt(0, 0), schedule.valueAt(0, 0));
  }

  /** Examples may be what a schedule goes by. */
  private static AdaptiveBatchListener counter(long samples) {
    AdaptiveBatchListener counter =
        AdaptiveBatchListener.builder()
            .iterator(new AdaptiveBatchIterator(new ExistingDataSetIterator(List.of()), 1))
            .maxBatchSize(1)
            .build();
    counter.resume(samples);
    return counter;
  }

  /** One iteration, and one epoch. */
  private static void step(Model model, Topology topology, int t) {
    Models.fit(model, new ExistingDataSetIterator(List.of(topology.data(DataType.FLOAT, t))));
  }

  private static double rate(Model model, int t) {
    return ModelAccess.of(model)
        .updaterBlocks()
        .get(0)
        .getGradientUpdater()
        .getConfig()
        .getLearningRate(t, t);
  }

  private static void setRate(Model model, double rate) {
    if (model instanceof ComputationGraph graph) {
      graph.setLearningRate(rate);
    } else {
      ((MultiLayerNetwork) model).setLearningRate(rate);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void trainsAsWithRatesSetByHand(Setting setting) {
    for (Topology topology : TOPOLOGIES) {
      Model model = Models.network(topology, DataType.FLOAT, new Sgd(setting.schedule()));
      model.setListeners(counter(0));
      Model byHand = Models.network(topology, DataType.FLOAT, new Sgd(1));
      double[] start = Numbers.of(model.params());
      for (int t = 0; t < 8; t++) {
        step(model, topology, t);
        setRate(byHand, rate(model, t));
        step(byHand, topology, t);
      }
      String in = setting + ", " + topology;
      assertFalse(Numbers.same(start, Numbers.of(model.params())), in + ": no parameter moved");
      Numbers.assertSameBits(Numbers.of(byHand.params()), Numbers.of(model.params()), in);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void goesOnToTheSameBits(Setting setting) throws IOException {
    for (Topology topology : TOPOLOGIES) {
      Model model = Models.network(topology, DataType.FLOAT, new Adam(setting.schedule()));
      AdaptiveBatchListener counter = counter(0);
      model.setListeners(counter);
      for (int t = 0; t < 3; t++) {
        step(model, topology, t);
      }
      Model loaded = Models.saved(model, directory.resolve("model.zip").toFile());
      loaded.setListeners(counter(counter.samples()));
      for (int t = 3; t < 8; t++) {
        step(model, topology, t);
        step(loaded, topology, t);
        assertEquals(rate(model, t), rate(loaded, t), setting + ", rate at " + t);
      }
      Numbers.assertSameBits(
          Numbers.of(model.params()),
          Numbers.of(loaded.params()),
          setting + ", saved, loaded and gone on, " + topology);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("classes")
  void parallelWrapperTrains(Setting setting) {
    for (Topology topology : List.of(Topology.CONVOLUTION, Topology.GRAPH)) {
      Model model = Models.network(topology, DataType.FLOAT, new Sgd(setting.schedule()));
      model.setListeners(counter(0));
      Models.trainsInParallel(
          model,
          Models.iterator(topology, DataType.FLOAT, 8),
          setting + " under ParallelWrapper, " + topology);
    }
  }
}
