package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.StabilityEdgeMonitor.Look;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.sharpness.HessianTopEigenvalue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class StabilityEdgeMonitorTest {

  private static HessianTopEigenvalue solver() {
    return new HessianTopEigenvalue(20, 1e-9, HessianTopEigenvalue.RADIUS, 5);
  }

  private static GradientOracle diagonal(double... curvatures) {
    INDArray a = Nd4j.diag(Nd4j.createFromArray(curvatures));
    return Functions.quadratic(a, 1, Nd4j.linspace(DataType.DOUBLE, -1, 0.3, curvatures.length));
  }

  @Test
  void findsTheLargestCurvature() {
    HessianTopEigenvalue.Pair pair = solver().find(diagonal(1, 7.5, 3, 0, 2, 7, 4));
    assertEquals(7.5, pair.eigenvalue(), 1e-6);
    assertEquals(1, Math.abs(pair.eigenvector().getDouble(1)), 1e-6);
  }

  @Test
  void strongNegativeCurvatureDoesNotHideIt() {
    assertEquals(2, solver().find(diagonal(-50, 2, 1, -3)).eigenvalue(), 1e-6);
    assertEquals(-1, solver().find(diagonal(-50, -1, -2)).eigenvalue(), 1e-6);
  }

  @Test
  void noCurvatureIsZero() {
    assertEquals(0, solver().find(diagonal(0, 0, 0)).eigenvalue(), 0);
  }

  @Test
  void singlePrecisionIsRefused() {
    GradientOracle oracle = Functions.quadratic(Nd4j.eye(2), 1, Nd4j.createFromArray(1f, 2f));
    assertThrows(IllegalArgumentException.class, () -> solver().find(oracle));
  }

  @Test
  void atTheEdgeAQuadraticStepFlipsTheSign() {
    double edge = StabilityEdge.unnormalizedSam(0.1, 0.05);
    assertEquals(-1, 1 - 0.1 * edge * (1 + 0.05 * edge), 1e-14);
    assertEquals(edge, StabilityEdge.sam(0.1, 0.1, 2), 1e-13);
    assertEquals(20, StabilityEdge.sam(0.1, 0, 0), 0);
    assertEquals(0, StabilityEdge.sam(0.1, 0.1, 0), 0);
  }

  @Test
  void looksWithoutTouchingTheRun(@TempDir Path directory) throws IOException {
    StabilityEdgeMonitor monitor =
        StabilityEdgeMonitor.builder()
            .probe(Networks.data().toMultiDataSet())
            .every(2)
            .momentum(0.5)
            .build();
    INDArray plain = trained(null);
    assertEquals(plain, trained(monitor));
    assertEquals(3, monitor.history().size());
    for (Look look : monitor.history()) {
      assertTrue(Double.isFinite(look.eigenvalue()), look.toString());
      assertEquals(30, look.edge(), 1e-12);
    }
    Path page = directory.resolve("edge.html");
    monitor.writeHtml(page);
    String html = Files.readString(page);
    assertTrue(html.contains("<polyline"));
    assertFalse(html.contains("<script") || html.contains("http"));
  }

  private static INDArray trained(StabilityEdgeMonitor monitor) {
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 0.8));
    Nd4j.getRandom().setSeed(4);
    if (monitor != null) {
      network.addListeners(monitor);
    }
    for (int i = 0; i < 6; i++) {
      network.fit(Networks.data());
    }
    return network.params();
  }

  @Test
  void theEdgeIsThatOfTheNetworksSam() {
    DataSet data = Networks.data();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    network.addListeners(new SharpnessAwareMinimization(0.2));
    Look look = new StabilityEdgeMonitor(data).look(network, 0);
    assertEquals(StabilityEdge.sam(0.1, 0.2, look.gradientNorm()), look.edge(), 1e-13);
  }

  @Test
  void aNetworkInSinglePrecisionIsLookedAtInDouble() {
    DataSet data = Networks.data();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    MultiLayerNetwork single = network.convertDataType(DataType.FLOAT);
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.1)));
    graph.init();
    StabilityEdgeMonitor monitor = new StabilityEdgeMonitor(data);
    double expected = monitor.look(network, 0).eigenvalue();
    // The parameters were rounded to 24 bits, nothing else.
    assertEquals(expected, monitor.look(single, 0).eigenvalue(), 1e-5 * expected);
    assertEquals(
        expected,
        monitor.look(graph.convertDataType(DataType.FLOAT), 0).eigenvalue(),
        1e-5 * expected);
  }

  @Test
  void badConfigurationsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new StabilityEdgeMonitor(null));
    StabilityEdgeMonitor.StabilityEdgeMonitorBuilder builder =
        StabilityEdgeMonitor.builder().probe(Networks.data().toMultiDataSet());
    assertThrows(IllegalArgumentException.class, builder.every(0)::build);
    assertThrows(IllegalArgumentException.class, builder.every(1).rho(-1.0)::build);
    assertThrows(IllegalArgumentException.class, builder.rho(1.0).steps(0)::build);
  }
}
