package org.dl4jplus.optim.first.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.Networks;
import org.dl4jplus.optim.first.Optim;
import org.dl4jplus.optim.first.model.ModelAccess.Range;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class ModelAccessTest {

  /** Looks at another place in every iteration, which must not show in the run. */
  private static final class Curious extends BaseTrainingListener {

    final List<Double> scores = new ArrayList<>();

    @Override
    public void onGradientCalculation(Model model) {
      ModelAccess access = ModelAccess.of(model);
      INDArray gradient = access.gradient().dup();
      double score = access.score();
      INDArray target = access.gradient().ulike();
      scores.add(access.gradientAt(access.parameters().add(0.1), target));
      assertEquals(gradient, access.gradient());
      assertEquals(score, access.score());
    }
  }

  @Test
  void anExtraGradientLeavesNoTrace() {
    MultiLayerNetwork watched = Networks.network(Networks.normalized(new Sgd(0.1), 0.7));
    MultiLayerNetwork plain = watched.clone();
    Curious curious = new Curious();
    watched.addListeners(curious);
    Nd4j.getRandom().setSeed(7);
    for (int i = 0; i < 5; i++) {
      watched.fit(Networks.data());
    }
    Nd4j.getRandom().setSeed(7);
    for (int i = 0; i < 5; i++) {
      plain.fit(Networks.data());
    }
    assertArrayEquals(plain.params().toDoubleVector(), watched.params().toDoubleVector());
    assertEquals(5, curious.scores.size());
  }

  @Test
  void theGradientIsTheOneThere() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    MultiLayerNetwork moved = network.clone();
    moved.setParams(network.params().add(0.05));
    moved.setInput(Networks.data().getFeatures());
    moved.setLabels(Networks.data().getLabels());
    moved.computeGradientAndScore();
    network.setInput(Networks.data().getFeatures());
    network.setLabels(Networks.data().getLabels());
    network.computeGradientAndScore();
    ModelAccess access = ModelAccess.of(network);
    INDArray gradient = access.gradient().ulike();
    double score = access.gradientAt(access.parameters().add(0.05), gradient);
    assertEquals(moved.score(), score, 1e-14);
    assertArrayEquals(
        ModelAccess.of(moved).gradient().toDoubleVector(), gradient.toDoubleVector(), 1e-14);
  }

  @Test
  void aGraphIsSeenLikeItsTwin() {
    ComputationGraph graph = new ComputationGraph(Optim.bind(Networks.graph(new Sgd(0.1))));
    graph.init();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    graph.setParams(network.params());
    graph.setInputs(Networks.data().getFeatures());
    graph.setLabels(Networks.data().getLabels());
    graph.computeGradientAndScore();
    network.setInput(Networks.data().getFeatures());
    network.setLabels(Networks.data().getLabels());
    network.computeGradientAndScore();
    INDArray here = network.params().dup();
    INDArray there = network.params().dup();
    double a = ModelAccess.of(network).gradientAt(network.params().mul(1.5), here);
    double b = ModelAccess.of(graph).gradientAt(network.params().mul(1.5), there);
    assertEquals(a, b, 1e-14);
    assertArrayEquals(here.toDoubleVector(), there.toDoubleVector(), 1e-14);
    assertEquals(12, ModelAccess.of(graph).batchSize());
    assertEquals(List.of(new Range(0, 51)), ModelAccess.of(graph).trainableRanges());
  }

  @Test
  void runningStatisticsAreNotTrainable() {
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    // 4*6+6 dense, 6+6 gain and offset, 6+6 statistics, 6*3+3 output.
    assertEquals(
        List.of(new Range(0, 42), new Range(54, 75)), ModelAccess.of(network).trainableRanges());
  }

  @Test
  void withoutABatchThereIsNoGradient() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    ModelAccess access = ModelAccess.of(network);
    assertThrows(IllegalStateException.class, access::gradient);
    assertThrows(
        IllegalStateException.class,
        () -> access.gradientAt(network.params(), network.params().dup()));
    assertThrows(IllegalArgumentException.class, () -> ModelAccess.of(null));
  }
}
