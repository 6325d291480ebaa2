package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.GraBIterator.Order;
import org.dl4jplus.optim.first.order.GradientBalance;
import org.dl4jplus.optim.first.order.GradientBalance.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class GraBIteratorTest {

  private static final int[] GIVEN = IntStream.range(0, 12).toArray();

  private static GraBIterator iterator(Order order) {
    return new GraBIterator(Networks.data().batchBy(1), order, 7);
  }

  private static boolean permutation(int[] order) {
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    return Arrays.equals(sorted, IntStream.range(0, order.length).toArray());
  }

  @ParameterizedTest
  @EnumSource(Order.class)
  void everyEpochIsAPermutation(Order order) {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.3)));
    GraBIterator data = iterator(order);
    network.addListeners(data.listener());
    double before = network.score(Networks.data());
    int[][] orders = new int[5][];
    for (int[] o : orders) {
      assertTrue(permutation(data.currentOrder()));
      network.fit(data);
      data.reset();
    }
    assertTrue(network.score(Networks.data()) < before);
  }

  @Test
  void aGraphsGradientsChangeTheOrder() {
    for (Order order : List.of(Order.GRAB, Order.GRAB_MEAN)) {
      ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.3)));
      graph.init();
      GraBIterator data = iterator(order);
      graph.addListeners(data.listener());
      graph.fit(data, 2);
      data.reset();
      assertTrue(permutation(data.currentOrder()));
      assertFalse(Arrays.equals(GIVEN, data.currentOrder()));
    }
  }

  /** The iterator's orders are those of the balance on the gradients of the batches themselves. */
  @Test
  void theGradientsAreThoseOfTheBatches() {
    // Rate 0: the gradients of all epochs are those at the start.
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0)));
    MultiLayerNetwork twin = Networks.network(Networks.dense(new Sgd(0)));
    List<DataSet> batches = Networks.data().batchBy(2);
    GraBIterator data = new GraBIterator(batches, Order.GRAB);
    network.addListeners(data.listener());
    int[] start = data.currentOrder();
    GradientBalance balance = new GradientBalance(Kind.PAIR, start);
    for (int epoch = 0; epoch < 4; epoch++) {
      assertArrayEquals(balance.order(), data.currentOrder());
      for (int item : balance.order()) {
        twin.setInput(batches.get(item).getFeatures());
        twin.setLabels(batches.get(item).getLabels());
        twin.computeGradientAndScore();
        balance.visit(twin.gradient().gradient().reshape(twin.numParams()).div(2));
      }
      balance.endEpoch();
      network.fit(data);
      data.reset();
    }
  }

  @Test
  void theOrderStaysWithoutTraining() {
    GraBIterator data = iterator(Order.GRAB);
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.3)));
    network.evaluate(data);
    data.reset();
    assertArrayEquals(GIVEN, data.currentOrder());
    network.addListeners(data.listener());
    data.next();
    network.fit(data.next());
    while (data.hasNext()) {
      network.fit(data.next());
    }
    data.reset();
    assertArrayEquals(GIVEN, data.currentOrder());
  }

  /** As ParallelWrapper and asynchronous iterators do. */
  @Test
  void batchesTakenByAnotherThreadAreNotLearntFrom() {
    for (Order order : Order.values()) {
      GraBIterator data = iterator(order);
      MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.3)));
      network.addListeners(data.listener());
      DataSet batch = CompletableFuture.supplyAsync(data::next).join();
      if (order == Order.GRAB || order == Order.GRAB_MEAN) {
        String message =
            assertThrows(IllegalStateException.class, () -> network.fit(batch)).getMessage();
        assertTrue(message.contains("ParallelWrapper"), message);
      } else {
        network.fit(batch);
      }
    }
  }

  @Test
  void theUsualOrders() {
    GraBIterator reshuffle = iterator(Order.RANDOM_RESHUFFLE);
    GraBIterator once = iterator(Order.SHUFFLE_ONCE);
    GraBIterator flip = iterator(Order.FLIP_FLOP);
    GraBIterator given = iterator(Order.INCREMENTAL);
    int[] first = reshuffle.currentOrder();
    int[] forth = flip.currentOrder();
    int[] fixed = once.currentOrder();
    for (GraBIterator data : List.of(reshuffle, once, flip, given)) {
      data.reset();
      data.forEachRemaining(batch -> {});
      assertThrows(NoSuchElementException.class, data::next);
      data.reset();
      data.reset();
    }
    assertFalse(Arrays.equals(first, reshuffle.currentOrder()));
    assertArrayEquals(fixed, once.currentOrder());
    assertArrayEquals(GIVEN, given.currentOrder());
    int[] back = flip.currentOrder();
    for (int i = 0; i < 12; i++) {
      assertTrue(forth[i] == back[11 - i]);
    }
  }

  /**
   * Partial sums of centred gradients: balanced orders keep them below those of an average random
   * order. Twenty epochs on fixed gradients.
   */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void partialSumsShrink(Kind kind) {
    double[][] gradients = Updates.randomGradients(4, 100, 5);
    GradientBalance balance = new GradientBalance(kind, IntStream.range(0, 100).toArray());
    double random = herding(gradients, balance.order());
    for (int epoch = 0; epoch < 20; epoch++) {
      for (int item : balance.order()) {
        balance.visit(Nd4j.createFromArray(gradients[item]));
      }
      balance.endEpoch();
    }
    assertTrue(permutation(balance.order()));
    assertTrue(herding(gradients, balance.order()) < 0.6 * random);
  }

  private static double herding(double[][] gradients, int[] order) {
    double[] mean = new double[5];
    for (double[] gradient : gradients) {
      for (int j = 0; j < 5; j++) {
        mean[j] += gradient[j] / gradients.length;
      }
    }
    double[] sum = new double[5];
    double worst = 0;
    for (int item : order) {
      double square = 0;
      for (int j = 0; j < 5; j++) {
        sum[j] += gradients[item][j] - mean[j];
        square += sum[j] * sum[j];
      }
      worst = Math.max(worst, Math.sqrt(square));
    }
    return worst;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void zerosAndNonFiniteGradientsKeepAPermutation(Kind kind) {
    for (int n = 1; n < 6; n++) {
      GradientBalance balance = new GradientBalance(kind, IntStream.range(0, n).toArray());
      for (int epoch = 0; epoch < 3; epoch++) {
        for (int i = 0; i < n; i++) {
          balance.visit(Nd4j.createFromArray(0.0, i == 2 ? Double.NaN : i % 2));
        }
        assertThrows(
            IllegalStateException.class, () -> balance.visit(Nd4j.createFromArray(0.0, 1.0)));
        balance.endEpoch();
        assertTrue(permutation(balance.order()));
      }
    }
  }

  @Test
  void goesOnAfterSerialization() throws IOException, ClassNotFoundException {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.3)));
    GraBIterator data = iterator(Order.GRAB_MEAN);
    network.addListeners(data.listener());
    network.fit(data, 2);
    data.reset();
    for (int i = 0; i < 5; i++) {
      network.fit(data.next());
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(data);
    }
    GraBIterator copy;
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      copy = (GraBIterator) in.readObject();
    }
    MultiLayerNetwork other = network.clone();
    other.setListeners(copy.listener());
    for (int epoch = 0; epoch < 3; epoch++) {
      while (data.hasNext()) {
        network.fit(data.next());
        other.fit(copy.next());
      }
      data.reset();
      copy.reset();
      assertArrayEquals(data.currentOrder(), copy.currentOrder());
    }
    assertArrayEquals(network.params().toDoubleVector(), other.params().toDoubleVector());
  }

  @Test
  void aPreProcessorLeavesTheBatchesAlone() {
    List<DataSet> batches = Networks.data().batchBy(4);
    GraBIterator data = new GraBIterator(batches, Order.INCREMENTAL);
    assertSame(batches.get(0), data.next());
    data.setPreProcessor(set -> set.getFeatures().muli(0));
    double before = batches.get(1).getFeatures().sumNumber().doubleValue();
    assertTrue(data.next().getFeatures().sumNumber().doubleValue() == 0);
    assertTrue(before == batches.get(1).getFeatures().sumNumber().doubleValue());
  }

  @Test
  void isAFixedIteratorOfThePlatform() {
    GraBIterator data = iterator(Order.GRAB);
    DataSetIterator again = GraBIterator.of(data, Order.INCREMENTAL, 0);
    assertTrue(again.resetSupported());
    assertFalse(again.asyncSupported());
    assertTrue(again.inputColumns() == 4 && again.totalOutcomes() == 3 && again.batch() == 1);
    assertThrows(UnsupportedOperationException.class, () -> again.next(2));
    assertTrue(again.getLabels().isEmpty());
    assertThrows(IllegalArgumentException.class, () -> new GraBIterator(List.of(), Order.GRAB));
    assertThrows(IllegalArgumentException.class, () -> iterator(null));
    assertThrows(IllegalArgumentException.class, () -> new GradientBalance(Kind.PAIR, 0, 2));
  }
}
