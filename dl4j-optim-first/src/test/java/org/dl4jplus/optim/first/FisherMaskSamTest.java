package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class FisherMaskSamTest {

  private static INDArray trained(TrainingListener listener) {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    if (listener != null) {
      network.addListeners(listener);
    }
    for (int i = 0; i < 5; i++) {
      network.fit(Networks.data());
    }
    return network.params();
  }

  @Test
  void withoutSparsityItIsSam() {
    SharpnessAwareMinimization sam =
        SharpnessAwareMinimization.builder().rho(0.2).perturbEpsilon(1e-7).build();
    assertEquals(trained(sam), trained(new FisherMaskSam(0.2, 0)));
  }

  @Test
  void withFullSparsityItIsPlain() {
    assertEquals(trained(null), trained(new FisherMaskSam(0.2, 1)));
  }

  @Test
  void gradientsOfTheExamplesAverageToTheBatchs() {
    DataSet data = Networks.data();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    network.setInput(data.getFeatures());
    network.setLabels(data.getLabels());
    averages(network);
    assertEquals(data.getFeatures(), network.getInput());
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
    graph.init();
    graph.setInputs(data.getFeatures());
    graph.setLabels(data.getLabels());
    averages(graph);
    assertEquals(data.getFeatures(), graph.getInput(0));
  }

  private static void averages(Model model) {
    ModelOracle oracle = new ModelOracle(model);
    INDArray point = oracle.parameters().dup();
    INDArray batch = point.ulike();
    double loss = oracle.lossAndGradient(point, batch);
    INDArray sum = point.like();
    INDArray one = point.ulike();
    double losses = 0;
    assertEquals(12, oracle.examples());
    for (int i = 0; i < oracle.examples(); i++) {
      losses += oracle.exampleLossAndGradient(i, point, one);
      sum.addi(one);
    }
    oracle.restore();
    Numbers.assertClose(batch, sum.div(12), 1e-14);
    assertEquals(loss, losses / 12, 1e-14);
  }

  @Test
  void masksAreRefused() {
    DataSet data = Networks.data();
    data.setLabelsMaskArray(Nd4j.ones(12, 1));
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    network.addListeners(new FisherMaskSam(0.1, 0.5));
    assertThrows(IllegalStateException.class, () -> network.fit(data));
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
    graph.init();
    graph.addListeners(new FisherMaskSam(0.1, 0.5));
    assertThrows(IllegalStateException.class, () -> graph.fit(data));
  }

  @Test
  void bothKindsOfNetworkTrain() {
    FisherMaskSam sam =
        FisherMaskSam.builder().rho(0.1).sparsity(0.5).fisherSamples(5).maskUpdateEpochs(1).build();
    DataSet data = Networks.data();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
    graph.init();
    double before = network.score(data);
    network.addListeners(sam);
    graph.addListeners(sam);
    for (int i = 0; i < 15; i++) {
      network.fit(data);
      graph.fit(data);
    }
    assertTrue(network.score(data) < 0.7 * before);
    Numbers.assertClose(network.params(), graph.params(), 1e-12);
  }

  @Test
  void badConfigurationsAreRefused() {
    refused("rho", FisherMaskSam.builder().rho(-1.0));
    refused("sparsity", FisherMaskSam.builder().sparsity(1.5));
    refused("fisherSamples", FisherMaskSam.builder().fisherSamples(0));
    refused("maskUpdateEpochs", FisherMaskSam.builder().maskUpdateEpochs(0));
    refused("perturbEpsilon", FisherMaskSam.builder().perturbEpsilon(Double.NaN));
  }

  private static void refused(String field, FisherMaskSam.FisherMaskSamBuilder builder) {
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.startsWith(field), message);
  }
}
