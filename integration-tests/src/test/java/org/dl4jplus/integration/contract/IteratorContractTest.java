package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.integration.contract.IteratorVariants.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Every data iterator of the project, in the settings of {@link IteratorVariants}. */
class IteratorContractTest {

  private static final List<Topology> TOPOLOGIES =
      List.of(Topology.DENSE, Topology.CONVOLUTION, Topology.RECURRENT, Topology.GRAPH);

  private static final int BATCHES = 5;

  @TempDir Path directory;

  static Stream<Arguments> variants() {
    return IteratorVariants.all().stream()
        .map(v -> Arguments.of(v.type().getSimpleName() + " " + v.label(), v));
  }

  @Test
  void everyIteratorIsConfigured() {
    Set<Class<?>> known = new HashSet<>(IteratorVariants.ELSEWHERE);
    IteratorVariants.all().forEach(variant -> known.add(variant.type()));
    List<Class<? extends DataSetIterator>> types = ClassPath.concrete(DataSetIterator.class);
    assertFalse(types.isEmpty(), "no iterators on the class path");
    for (Class<? extends DataSetIterator> type : types) {
      assertTrue(
          known.contains(type),
          () -> type.getName() + " is not known to the contract: add it to IteratorVariants");
    }
  }

  private static List<DataSet> batches(Topology topology) {
    return Models.batches(topology, DataType.FLOAT, BATCHES);
  }

  /** The examples of batches, features and labels, in an order that does not depend on theirs. */
  private static List<String> examples(List<DataSet> batches) {
    List<String> examples = new ArrayList<>();
    for (DataSet batch : batches) {
      for (int i = 0; i < batch.numExamples(); i++) {
        examples.add(
            Arrays.toString(Numbers.of(row(batch.getFeatures(), i)))
                + Arrays.toString(Numbers.of(row(batch.getLabels(), i))));
      }
    }
    examples.sort(null);
    return examples;
  }

  private static INDArray row(INDArray array, int i) {
    return array.slice(i).dup('c');
  }

  private static List<DataSet> epoch(DataSetIterator iterator) {
    List<DataSet> batches = new ArrayList<>();
    while (iterator.hasNext()) {
      batches.add(iterator.next());
    }
    return batches;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void everyEpochHasEveryExampleOnce(String name, Variant variant) {
    for (Topology topology : TOPOLOGIES) {
      List<String> expected = examples(batches(topology));
      DataSetIterator iterator = variant.over(batches(topology));
      assertTrue(iterator.resetSupported());
      iterator.reset();
      for (int epoch = 0; epoch < 4; epoch++) {
        assertEquals(expected, examples(epoch(iterator)), name + ", epoch " + epoch);
        assertFalse(iterator.hasNext());
        assertThrows(NoSuchElementException.class, iterator::next);
        iterator.reset();
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void askingMovesNothingAndResetStartsAnEpoch(String name, Variant variant) {
    List<String> expected = examples(batches(Topology.DENSE));
    DataSetIterator iterator = variant.over(batches(Topology.DENSE));
    for (int taken = 0; taken < 3; taken++) {
      for (int i = 0; i < taken; i++) {
        assertTrue(iterator.batch() > 0);
        iterator.next();
      }
      iterator.reset();
      iterator.reset();
      for (int i = 0; i < 5; i++) {
        assertTrue(iterator.hasNext());
      }
      assertEquals(expected, examples(epoch(iterator)), name + ", reset after " + taken);
      iterator.reset();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void aPreProcessorSeesEveryExampleOnce(String name, Variant variant) {
    List<DataSet> doubled = batches(Topology.DENSE);
    doubled.forEach(batch -> batch.getFeatures().muli(2));
    List<DataSet> own = batches(Topology.DENSE);
    DataSetIterator iterator = variant.over(own);
    iterator.setPreProcessor(batch -> batch.getFeatures().muli(2));
    for (int epoch = 0; epoch < 3; epoch++) {
      assertEquals(examples(doubled), examples(epoch(iterator)), name + ", epoch " + epoch);
      iterator.reset();
    }
    assertEquals(examples(batches(Topology.DENSE)), examples(own), name + ", the source");
  }

  private static Model network(
      Topology topology, DataType type, Variant variant, DataSetIterator iterator) {
    Model model = Models.network(topology, type, new Sgd(0.1));
    model.setListeners(variant.listeners(iterator).toArray(TrainingListener[]::new));
    return model;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void trains(String name, Variant variant) {
    for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
      for (Topology topology : type == DataType.FLOAT ? TOPOLOGIES : List.of(Topology.DENSE)) {
        String in = name + ", " + topology + ", " + type + ": ";
        DataSetIterator iterator = variant.over(Models.batches(topology, type, BATCHES));
        Model model = network(topology, type, variant, iterator);
        DataSet data = topology.data(type, 0);
        double before = Models.score(model, data);
        for (int epoch = 0; epoch < 4; epoch++) {
          Models.fit(model, iterator);
          assertFalse(iterator.hasNext(), in + "epoch " + epoch + " is not over");
        }
        Numbers.assertFinite(Numbers.of(model.params()), in + "parameters");
        double after = Models.score(model, data);
        assertTrue(after < before, in + "loss went from " + before + " to " + after);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void anEvaluationSeesEveryExample(String name, Variant variant) {
    DataSetIterator iterator = variant.over(batches(Topology.DENSE));
    MultiLayerNetwork net =
        (MultiLayerNetwork) network(Topology.DENSE, DataType.FLOAT, variant, iterator);
    for (int i = 0; i < 2; i++) {
      assertEquals(
          examples(batches(Topology.DENSE)).size(),
          net.evaluate(iterator).getNumRowCounter(),
          name + ", evaluation " + i);
    }
    Models.fit(net, iterator);
    assertTrue(net.getIterationCount() > 0);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void goesOnToTheSameBits(String name, Variant variant) throws Exception {
    for (Topology topology : List.of(Topology.DENSE, Topology.GRAPH)) {
      DataSetIterator iterator = variant.over(batches(topology));
      Model model = Models.network(topology, DataType.FLOAT, new Adam(0.01));
      model.setListeners(variant.listeners(iterator).toArray(TrainingListener[]::new));
      Models.fit(model, iterator);
      Models.fit(model, iterator);
      Model loaded = Models.saved(model, directory.resolve("model.zip").toFile());
      DataSetIterator second = variant.goneOn(iterator, batches(topology));
      loaded.setListeners(variant.listeners(second).toArray(TrainingListener[]::new));
      for (int epoch = 2; epoch < 4; epoch++) {
        Models.fit(model, iterator);
        Models.fit(loaded, second);
      }
      Numbers.assertSameBits(
          Numbers.of(model.params()),
          Numbers.of(loaded.params()),
          name + ", saved, loaded and gone on, " + topology);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void parallelWrapperTrainsOrSaysWhyNot(String name, Variant variant) {
    for (Topology topology : List.of(Topology.DENSE, Topology.GRAPH)) {
      DataSetIterator iterator = variant.over(batches(topology));
      Models.trainsInParallelOrSaysWhyNot(
          network(topology, DataType.FLOAT, variant, iterator),
          iterator,
          variant.type(),
          name + " under ParallelWrapper, " + topology);
    }
  }

  /** Equal runs: nothing depends on the time or on what ran before. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("variants")
  void equalRunsAreEqual(String name, Variant variant) {
    List<double[]> runs =
        IntStream.range(0, 2)
            .mapToObj(
                run -> {
                  DataSetIterator iterator = variant.over(batches(Topology.GRAPH));
                  Model model = network(Topology.GRAPH, DataType.FLOAT, variant, iterator);
                  Models.fit(model, iterator);
                  Models.fit(model, iterator);
                  return Numbers.of(model.params());
                })
            .toList();
    Numbers.assertSameBits(runs.get(0), runs.get(1), name);
  }
}
