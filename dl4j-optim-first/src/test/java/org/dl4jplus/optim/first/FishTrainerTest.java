package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

class FishTrainerTest {

  @TempDir Path directory;

  private static final DataSet ALL = Networks.data();

  private static DataSet rows(int... rows) {
    return new DataSet(ALL.getFeatures().getRows(rows), ALL.getLabels().getRows(rows));
  }

  /** Three domains of two, one and one batches. */
  private static List<DataSetIterator> domains() {
    return List.of(
        new ViewIterator(rows(0, 1, 2, 3, 4, 5), 3),
        new ViewIterator(rows(6, 7, 8), 3),
        new ViewIterator(rows(9, 10, 11), 3));
  }

  private static MultiLayerNetwork net() {
    return Networks.network(Networks.normalized(new Adam(0.05), 1));
  }

  @Test
  void oneWholeStepIsTheInnerOptimizer() {
    MultiLayerNetwork fish = net();
    MultiLayerNetwork plain = net();
    FishTrainer trainer = FishTrainer.builder().metaSteps(1).metaLearningRate(1.0).build();
    for (int i = 0; i < 3; i++) {
      trainer.metaIteration(fish, List.of(ALL));
      plain.fit(ALL);
    }
    assertArrayEquals(plain.params().toDoubleVector(), fish.params().toDoubleVector());
  }

  @Test
  void goesPartOfTheWay() {
    for (boolean divide : new boolean[] {false, true}) {
      MultiLayerNetwork fish = net();
      MultiLayerNetwork plain = net();
      INDArray start = fish.params().dup();
      List<DataSet> batches = List.of(rows(0, 1, 2), rows(3, 4, 5));
      FishTrainer.builder()
          .metaSteps(2)
          .metaLearningRate(0.5)
          .divideMetaLearningRateBySteps(divide)
          .build()
          .metaIteration(fish, batches);
      batches.forEach(plain::fit);
      INDArray expected = start.add(plain.params().sub(start).mul(divide ? 0.25 : 0.5));
      assertArrayEquals(expected.toDoubleVector(), fish.params().toDoubleVector(), 1e-14);
    }
  }

  @Test
  void freshUpdaterStartsAgainEachTime() {
    MultiLayerNetwork net = net();
    FishTrainer trainer =
        FishTrainer.builder().metaSteps(1).metaLearningRate(1.0).reloadInnerState(false).build();
    INDArray before = net.params().dup();
    for (int i = 0; i < 3; i++) {
      trainer.metaIteration(net, List.of(ALL));
      // The first step of Adam is the rate in every weight whose gradient is not tiny.
      double step = net.getParam("2_W").sub(before(net, before)).amaxNumber().doubleValue();
      assertEquals(0.05, step, 1e-4);
      before = net.params().dup();
    }
    assertEquals(3, net.getIterationCount());
  }

  private static INDArray before(MultiLayerNetwork net, INDArray parameters) {
    MultiLayerNetwork then = net.clone();
    then.setParams(parameters);
    return then.getParam("2_W");
  }

  @Test
  void anEpochUsesEveryBatchOnce() {
    for (boolean stratified : new boolean[] {false, true}) {
      MultiLayerNetwork net = net();
      FishTrainer.builder().metaSteps(2).stratified(stratified).build().fit(net, domains());
      assertEquals(4, net.getIterationCount());
      assertEquals(1, net.getEpochCount());
    }
  }

  @Test
  void pretrainingIsOrdinaryTraining() {
    MultiLayerNetwork net = net();
    MultiLayerNetwork plain = net();
    List<DataSetIterator> one = List.of(new ViewIterator(rows(0, 1, 2, 3, 4, 5), 3));
    FishTrainer.builder().pretrainIterations(2).build().fit(net, one);
    plain.fit(rows(0, 1, 2));
    plain.fit(rows(3, 4, 5));
    assertArrayEquals(plain.params().toDoubleVector(), net.params().toDoubleVector());
  }

  @Test
  void goesOnFromASavedNetwork() throws IOException {
    FishTrainer trainer = FishTrainer.builder().metaSteps(2).metaLearningRate(1.0).seed(4L).build();
    MultiLayerNetwork net = net();
    trainer.fit(net, domains());
    File file = directory.resolve("net.zip").toFile();
    ModelSerializer.writeModel(net, file, true);
    MultiLayerNetwork loaded = ModelSerializer.restoreMultiLayerNetwork(file, true);
    trainer.fit(net, domains());
    trainer.fit(loaded, domains());
    assertArrayEquals(net.params().toDoubleVector(), loaded.params().toDoubleVector());
  }

  @Test
  void graphTrains() {
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.3)));
    graph.init();
    double before = graph.score(ALL);
    FishTrainer trainer = FishTrainer.builder().metaLearningRate(1.5).build();
    for (int i = 0; i < 15; i++) {
      trainer.fit(graph, domains());
    }
    assertTrue(graph.score(ALL) < 0.8 * before);
    assertEquals(15, graph.getEpochCount());
  }

  @Test
  void badConfigurationsAreRejected() {
    assertThrows(IllegalArgumentException.class, () -> FishTrainer.builder().metaSteps(0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> FishTrainer.builder().metaLearningRate(Double.NaN).build());
    assertThrows(
        IllegalArgumentException.class, () -> FishTrainer.builder().pretrainIterations(-1).build());
    assertThrows(IllegalArgumentException.class, () -> new FishTrainer().fit(net(), List.of()));
    assertNotEquals(new FishTrainer(), FishTrainer.builder().seed(1L).build());
    assertEquals(new FishTrainer(), FishTrainer.builder().metaSteps(3).build());
  }
}
