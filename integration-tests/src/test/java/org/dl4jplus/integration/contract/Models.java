package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.IUpdater;

/** What the contracts do with networks of either kind, whose configurations need no binding. */
final class Models {

  private Models() {}

  /** A fresh network. */
  static Model network(Topology topology, DataType type, IUpdater updater) {
    if (topology.isGraph()) {
      ComputationGraph graph = new ComputationGraph(topology.graph(updater, type));
      graph.init();
      return graph;
    }
    MultiLayerNetwork net = new MultiLayerNetwork(topology.layers(updater, type));
    net.init();
    return net;
  }

  static void fit(Model model, DataSet data) {
    if (model instanceof ComputationGraph graph) {
      graph.fit(data);
    } else {
      ((MultiLayerNetwork) model).fit(data);
    }
  }

  /** An epoch. */
  static void fit(Model model, DataSetIterator data) {
    if (model instanceof ComputationGraph graph) {
      graph.fit(data);
    } else {
      ((MultiLayerNetwork) model).fit(data);
    }
  }

  static double score(Model model, DataSet data) {
    return model instanceof ComputationGraph graph
        ? graph.score(data)
        : ((MultiLayerNetwork) model).score(data);
  }

  /** The network as a file gives it back. */
  static Model saved(Model model, File file) throws IOException {
    ModelSerializer.writeModel(model, file, true);
    return model instanceof ComputationGraph
        ? ModelSerializer.restoreComputationGraph(file, true)
        : ModelSerializer.restoreMultiLayerNetwork(file, true);
  }

  /** The first minibatches of a topology. */
  static List<DataSet> batches(Topology topology, DataType type, int count) {
    return IntStream.range(0, count).mapToObj(i -> topology.data(type, i)).toList();
  }

  /** Minibatches that nothing was done to. */
  static DataSetIterator iterator(Topology topology, DataType type, int count) {
    return new ExistingDataSetIterator(batches(topology, type, count));
  }

  /** Two workers train, or refuse with a message that names a class. */
  static void trainsInParallelOrSaysWhyNot(
      Model model, DataSetIterator data, Class<?> type, String in) {
    try {
      trainsInParallel(model, data, in);
    } catch (RuntimeException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(
          message.contains(type.getSimpleName())
              || message.contains("Gradients of single examples are not known for"),
          "refused by " + e);
    }
  }

  static void trainsInParallel(Model model, DataSetIterator data, String in) {
    double[] start = Numbers.of(model.params());
    PrintStream before = System.err;
    // A worker's exception reaches the caller, and is printed by its thread as well.
    System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    ParallelWrapper wrapper =
        new ParallelWrapper.Builder<>(model)
            .workers(2)
            .averagingFrequency(2)
            .prefetchBuffer(0)
            .build();
    try {
      wrapper.fit(data);
    } finally {
      wrapper.shutdown();
      System.setErr(before);
    }
    Numbers.assertFinite(Numbers.of(model.params()), in);
    assertFalse(Numbers.same(start, Numbers.of(model.params())), in + ": no parameter moved");
  }

  /** An object as Java's serialization gives it back. */
  @SuppressWarnings("unchecked")
  static <T> T copy(T object) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }
}
