package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

class ScheduleFreeTest {

  private static DataSetIterator batches() {
    return new ExistingDataSetIterator(Networks.data().batchBy(4));
  }

  @Test
  void withEqualWeightsTheAverageIsTheMeanOfZ() {
    ScheduleFreeSgd updater =
        ScheduleFreeSgd.builder().learningRate(0.1).weightLrPower(0.0).momentum(0.8).build();
    INDArray y = Nd4j.createFromArray(1.0, -2.0, 0.5);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), y);
    INDArray z = y.dup();
    INDArray sum = Nd4j.zeros(y.dataType(), 3);
    for (int i = 1; i <= 25; i++) {
      INDArray g = y.mul(2).add(Math.sin(i));
      z.subi(g.mul(0.1));
      sum.addi(z);
      optimizer.step(g);
      assertArrayEquals(
          sum.div(i).toDoubleVector(), AveragedParameters.of(optimizer).toDoubleVector(), 1e-12);
    }
  }

  @Test
  void theListenerSwitchesByItself() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new ScheduleFreeAdamW(0.05)));
    MultiLayerNetwork plain = network.clone();
    network.addListeners(new ScheduleFree.Listener());
    network.fit(batches(), 3);
    plain.fit(batches(), 3);
    assertArrayEquals(
        ScheduleFree.averagedParams(plain).toDoubleVector(),
        network.params().toDoubleVector(),
        1e-12);
    assertNotEquals(plain.params(), network.params());
    // Standing at the average, the average is where it stands.
    assertEquals(network.params(), ScheduleFree.averagedParams(network));
    network.fit(batches(), 2);
    plain.fit(batches(), 2);
    assertArrayEquals(
        ScheduleFree.averagedParams(plain).toDoubleVector(),
        network.params().toDoubleVector(),
        1e-11);
  }

  @Test
  void trainingAtTheAverageIsRefusedAlsoAfterLoading() throws IOException {
    MultiLayerNetwork network = Networks.network(Networks.dense(new ScheduleFreeSgd(0.5)));
    network.fit(batches(), 2);
    INDArray trained = network.params().dup();
    ScheduleFree.toEval(network);
    INDArray average = network.params().dup();
    ScheduleFree.toEval(network);
    assertEquals(average, network.params(), "switching twice must change nothing");
    assertRefused(network);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ModelSerializer.writeModel(network, file, true);
    MultiLayerNetwork loaded =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(file.toByteArray()), true);
    assertRefused(loaded);
    assertEquals(average, loaded.params());
    ScheduleFree.toTrain(loaded);
    assertArrayEquals(trained.toDoubleVector(), loaded.params().toDoubleVector(), 1e-12);
    loaded.fit(batches(), 1);
  }

  private static void assertRefused(MultiLayerNetwork network) {
    INDArray before = network.params().dup();
    String message =
        assertThrows(IllegalStateException.class, () -> network.fit(Networks.data())).getMessage();
    assertTrue(message.contains("ScheduleFree.toTrain"), message);
    assertEquals(before, network.params());
  }

  @Test
  void somethingElseAtTheAverageLeavesNoTrace() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new ScheduleFreeAdamW(0.05)));
    network.fit(batches(), 2);
    INDArray before = network.params().dup();
    INDArray average = ScheduleFree.averagedParams(network);
    assertEquals(average, ScheduleFree.averaged(network, n -> n.params().dup()));
    assertEquals(before, network.params());
    network.fit(batches(), 1);
  }
}
