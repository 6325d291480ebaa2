package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.robust.WassersteinPerturbation;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class WassersteinRobustTest {

  private static final Sgd UPDATER = new Sgd(0.1);

  private static DataSet data() {
    Nd4j.getRandom().setSeed(8);
    return new DataSet(
        Nd4j.randn(DataType.DOUBLE, 3, 4),
        Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}, {0, 1}}));
  }

  private static NetworkChecks checks(double dropout) {
    return new NetworkChecks(
        InputType.feedForward(4),
        new DenseLayer.Builder().nOut(5).activation(Activation.TANH).dropOut(dropout).build(),
        new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
  }

  private static WassersteinRobustListener listener() {
    return WassersteinRobustListener.builder().gamma(2.0).stepSize(0.2).build();
  }

  /** The step is the plain one on the batch that the perturbation has moved. */
  @Test
  void trainsOnTheMovedBatch() {
    MultiLayerNetwork plain = checks(1).network(DataType.DOUBLE, UPDATER);
    MultiLayerNetwork robust = checks(1).network(DataType.DOUBLE, UPDATER);
    DataSet data = data();
    INDArray moved =
        WassersteinPerturbation.builder()
            .gamma(2.0)
            .stepSize(0.2)
            .build()
            .perturb(
                data.getFeatures(),
                at -> plain.calculateGradients(at, data.getLabels(), null, null).getSecond());
    double clean = plain.score(data);
    double at = plain.score(new DataSet(moved, data.getLabels()));
    assertTrue(at > clean);
    plain.fit(new DataSet(moved, data.getLabels()));
    robust.setListeners(listener());
    robust.fit(data);
    assertTrue(plain.params().equalsWithEps(robust.params(), 1e-14));
    assertEquals(at, robust.score(), 1e-12);
  }

  @Test
  void graphAndNetworkAgree() {
    MultiLayerNetwork net = checks(1).network(DataType.DOUBLE, UPDATER);
    ComputationGraph graph = checks(1).graph(DataType.DOUBLE, UPDATER);
    graph.setParams(net.params());
    net.setListeners(listener());
    graph.setListeners(listener());
    for (int step = 0; step < 3; step++) {
      net.fit(data());
      graph.fit(data());
    }
    assertTrue(net.params().equalsWithEps(graph.params(), 1e-13));
    assertEquals(net.score(), graph.score(), 1e-13);
  }

  /** The masks of one step are the same in all passes, so the same seed gives the same step. */
  @Test
  void dropoutIsRepeatable() {
    MultiLayerNetwork a = checks(0.5).network(DataType.DOUBLE, UPDATER);
    MultiLayerNetwork b = checks(0.5).network(DataType.DOUBLE, UPDATER);
    INDArray before = a.params().dup();
    for (MultiLayerNetwork net : new MultiLayerNetwork[] {a, b}) {
      DataSet data = data();
      net.setListeners(listener());
      net.fit(data);
    }
    assertArrayEquals(a.params().toDoubleVector(), b.params().toDoubleVector());
    assertNotEquals(before, a.params());
  }

  @Test
  void distanceIsBounded() {
    INDArray x = Nd4j.create(DataType.DOUBLE, 2, 3);
    INDArray moved =
        WassersteinPerturbation.builder()
            .gamma(0.01)
            .stepSize(1.0)
            .maxPerturbation(0.5)
            .build()
            .perturb(x, at -> at.add(1).mul(10));
    assertEquals(0.5, moved.getRow(1).norm2Number().doubleValue(), 1e-12);
  }

  @Test
  void whatIsNotFiniteStopsTheAscent() {
    INDArray x = Nd4j.ones(DataType.DOUBLE, 2, 3);
    WassersteinPerturbation ascent = WassersteinPerturbation.builder().build();
    assertEquals(x, ascent.perturb(x, at -> at.mul(Double.NaN)));
    assertEquals(x, ascent.perturb(x, at -> at.mul(Double.POSITIVE_INFINITY)));
    assertEquals(x, ascent.perturb(x, at -> at.mul(1e-6)), "a gradient below the bound");
  }

  @Test
  void listenersCanBeSent() throws IOException {
    try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
      out.writeObject(listener());
    }
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("gamma", () -> WassersteinRobustListener.builder().gamma(0.0).build());
    assertNamed(
        "stepSize", () -> WassersteinRobustListener.builder().gamma(2.0).stepSize(0.5).build());
    assertNamed("ascentSteps", () -> WassersteinPerturbation.builder().ascentSteps(0).build());
    assertNamed("stopGradNorm", () -> WassersteinPerturbation.builder().stopGradNorm(-1.0).build());
    assertNamed(
        "maxPerturbation", () -> WassersteinPerturbation.builder().maxPerturbation(0.0).build());
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
