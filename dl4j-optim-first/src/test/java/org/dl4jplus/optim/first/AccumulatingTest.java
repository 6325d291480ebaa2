package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class AccumulatingTest {

  private static final double[][] GRADIENTS = Updates.randomGradients(5, 12, 7);

  @Test
  void theDelegateGetsTheMeansAndNothingElse() {
    double[][] means = new double[4][7];
    for (int i = 0; i < GRADIENTS.length; i++) {
      for (int j = 0; j < 7; j++) {
        means[i / 3][j] += GRADIENTS[i][j] / 3;
      }
    }
    for (IUpdater delegate :
        List.of(
            new Sgd(0.1),
            new Adam(0.01),
            new Nesterovs(0.1, 0.9),
            new AdaGrad(0.1),
            new AdaDelta(),
            new Adan(0.01))) {
      double[][] plain = Updates.of(delegate.clone(), means);
      double[][] u = Updates.of(new Accumulating(delegate, 3), GRADIENTS);
      for (int i = 0; i < u.length; i++) {
        assertArrayEquals(i % 3 == 2 ? plain[i / 3] : new double[7], u[i], 1e-13);
      }
    }
  }

  @Test
  void oneIsTheDelegate() {
    double[][] plain = Updates.of(new Adam(0.01), GRADIENTS);
    double[][] u = Updates.of(new Accumulating(new Adam(0.01), 1), GRADIENTS);
    for (int i = 0; i < u.length; i++) {
      assertArrayEquals(plain[i], u[i]);
    }
  }

  @Test
  void schedulesCountTheStepsOfTheDelegate() {
    Sgd sgd =
        new Sgd(new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 1.0).add(1, 0.5).build());
    double[][] ones = {{1}, {1}, {1}, {1}};
    Accumulating updater = new Accumulating(sgd, 2);
    assertEquals(1, Updates.of(updater, ones)[1][0], 0);
    assertEquals(0.5, Updates.of(updater, ones)[3][0], 0);
  }

  @Test
  void aGradientThatIsNotFiniteDoesNotCount() {
    GradientUpdater<?> running = Updates.start(new Accumulating(new Sgd(1), 2), 2);
    Updates.next(running, 0, 1, 2);
    Updates.next(running, 1, Double.NaN, 1);
    assertArrayEquals(new double[] {2, 3}, Updates.next(running, 2, 3, 4), 1e-15);
  }

  /** Three batches of four are one of twelve: the same sums, in another order. */
  @Test
  void smallBatchesAreOneLargeBatch() {
    DataSet data = Networks.data();
    MultiLayerNetwork large = Networks.network(Networks.dense(new Sgd(0.5)));
    MultiLayerNetwork small = Networks.network(Networks.dense(new Accumulating(new Sgd(0.5), 3)));
    for (int i = 0; i < 5; i++) {
      large.fit(data);
      data.batchBy(4).forEach(small::fit);
    }
    assertArrayEquals(large.params().toDoubleVector(), small.params().toDoubleVector(), 1e-10);
  }

  @Test
  void aGraphTrains() {
    ComputationGraph graph =
        new ComputationGraph(Networks.graph(new Accumulating(new Adam(0.05), 2)));
    graph.init();
    DataSet data = Networks.data();
    double before = graph.score(data);
    for (int i = 0; i < 40; i++) {
      graph.fit(data);
    }
    assertTrue(graph.score(data) < 0.5 * before);
  }

  @Test
  void aHalfFinishedSumIsSavedWithTheNetwork() throws IOException {
    DataSet data = Networks.data();
    MultiLayerNetwork network =
        Networks.network(Networks.dense(new Accumulating(new Adam(0.05), 3)));
    List<DataSet> batches = data.batchBy(3);
    batches.forEach(network::fit);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ModelSerializer.writeModel(network, file, true);
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file.toByteArray()));
    for (int i = 0; i < 2; i++) {
      batches.forEach(network::fit);
      batches.forEach(restored::fit);
    }
    assertArrayEquals(network.params().toDoubleVector(), restored.params().toDoubleVector());
  }

  @Test
  void badConfigurationsAreRefused() {
    for (Integer k : new Integer[] {null, 0, -1}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> new Accumulating(new Sgd(0.1), k))
              .getMessage();
      assertTrue(message.startsWith("k must be at least 1"), message);
    }
    assertThrows(IllegalArgumentException.class, () -> new Accumulating(null, 2));
    assertThrows(IllegalArgumentException.class, () -> new Accumulating(new Muon(), 2));
  }
}
