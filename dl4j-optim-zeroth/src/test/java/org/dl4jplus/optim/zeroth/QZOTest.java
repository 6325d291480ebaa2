package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class QZOTest {

  private static MultiLayerNetwork quantized(DataType type) {
    return QuantizedDenseLayer.quantize(MeZOTest.network(type), 4, 2);
  }

  private static byte[] integers(Model network) {
    return network instanceof ComputationGraph graph
        ? ((QuantizedDenseLayer) graph.getLayer(0).conf().getLayer()).getPacked()
        : ((QuantizedDenseLayer) ((MultiLayerNetwork) network).getLayer(0).conf().getLayer())
            .getPacked();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT", "DOUBLE"})
  void onlyScalesMove(DataType type) {
    MultiLayerNetwork network = quantized(type);
    byte[] integers = integers(network).clone();
    INDArray bias = network.getParam("0_b").dup();
    INDArray output = network.getLayer(1).params().dup();
    INDArray scales = network.getParam("0_S").dup();
    DataSet data = MeZOTest.data(type);
    double before = network.score(data);
    ZerothOrder.attach(network, QZO.builder().learningRate(0.01).build());
    for (int i = 0; i < 300; i++) {
      network.fit(data);
    }
    assertTrue(network.score(data) < before - 0.02, before + " to " + network.score(data));
    assertNull(network.getFlattenedGradients());
    assertEquals(600, ZerothOrder.of(network).evaluations());
    assertArrayEquals(integers, integers(network));
    assertEquals(bias, network.getParam("0_b"));
    assertEquals(output, network.getLayer(1).params());
    assertTrue(scales.distance2(network.getParam("0_S")) > 0.01);
    for (double scale : network.getParam("0_S").dup('c').data().asDouble()) {
      assertTrue(scale >= (type == DataType.FLOAT ? 1e-7f : 1e-7), "scale " + scale);
    }
  }

  @Test
  void theOthersMoveAsWellWhereTheyAreAsked() {
    MultiLayerNetwork network = quantized(DataType.DOUBLE);
    ComputationGraph graph = quantized(DataType.DOUBLE).toComputationGraph();
    QZO method = QZO.builder().learningRate(0.05).trainUnquantized(true).build();
    INDArray before = network.params().dup();
    ZerothOrder.attach(network, method);
    ZerothOrder.attach(graph, method);
    for (int i = 0; i < 20; i++) {
      network.fit(MeZOTest.data(DataType.DOUBLE));
      graph.fit(MeZOTest.data(DataType.DOUBLE));
    }
    assertEquals(0, network.params().distance2(graph.params()), 1e-12);
    assertEquals(0, before.eq(network.params()).castTo(DataType.INT32).sumNumber().intValue());
  }

  @Test
  void aSavedRunGoesOnToTheSameBits(@TempDir Path folder) throws IOException {
    File file = folder.resolve("net.zip").toFile();
    QZO method = QZO.builder().learningRate(0.02).relativeEpsilon(true).epsilon(0.05).build();
    DataSet data = MeZOTest.data(DataType.FLOAT);
    MultiLayerNetwork whole = ZerothOrder.attach(quantized(DataType.FLOAT), method);
    MultiLayerNetwork part = ZerothOrder.attach(quantized(DataType.FLOAT), method);
    ComputationGraph graph =
        ZerothOrder.attach(quantized(DataType.FLOAT).toComputationGraph(), method);
    for (int i = 0; i < 9; i++) {
      whole.fit(data);
      if (i < 4) {
        part.fit(data);
        graph.fit(data);
      }
    }
    part.save(file);
    MultiLayerNetwork again = MultiLayerNetwork.load(file, false);
    graph.save(file);
    ComputationGraph graphAgain = ComputationGraph.load(file, false);
    ZerothOrder.attach(again, method);
    ZerothOrder.attach(graphAgain, method);
    for (int i = 4; i < 9; i++) {
      again.fit(data);
      graphAgain.fit(data);
    }
    assertArrayEquals(whole.params().toDoubleVector(), again.params().toDoubleVector());
    assertArrayEquals(whole.params().toDoubleVector(), graphAgain.params().toDoubleVector());
    assertArrayEquals(integers(whole), integers(again));
    assertArrayEquals(integers(whole), integers(graphAgain));
  }

  /** By hand, with the first two words of the stream as the direction. */
  @Test
  void aStepIsClippedAndHasAFloor() {
    QZO method =
        QZO.builder()
            .learningRate(1.0)
            .epsilon(0.25)
            .clip(0.5)
            .minScale(0.125)
            .noise(Distribution.RADEMACHER)
            .build();
    INDArray x = Nd4j.createFromArray(1.0, 0.2);
    List<double[]> asked = new ArrayList<>();
    double loss =
        method.minimize(
            point -> {
              asked.add(point.toDoubleVector());
              return asked.size() == 1 ? 3 : 1;
            },
            x,
            1);
    double[] z = {Math.signum(asked.get(0)[0] - 1), Math.signum(asked.get(0)[1] - 0.2)};
    for (int side = 0; side < 2; side++) {
      for (int i = 0; i < 2; i++) {
        double expected = (i == 0 ? 1 : 0.2) + (side == 0 ? 0.25 : -0.25) * z[i];
        assertEquals(expected, asked.get(side)[i], 1e-15, "perturbed scales have no floor");
      }
    }
    // d = 2 / 0.5 = 4, clipped to 0.5.
    assertEquals(2, loss, 0);
    assertEquals(Math.max(1 - 0.5 * z[0], 0.125), x.getDouble(0), 1e-15);
    assertEquals(Math.max(0.2 - 0.5 * z[1], 0.125), x.getDouble(1), 1e-15);
  }

  @Test
  void relativeStepsAreTheSameInUnitsOfTheScales() {
    INDArray small = Nd4j.createFromArray(0.01, 0.03);
    INDArray large = small.mul(64);
    for (INDArray x : new INDArray[] {small, large}) {
      double unit = x.getDouble(0);
      List<Double> steps = new ArrayList<>();
      QZO.builder()
          .relativeEpsilon(true)
          .epsilon(0.1)
          .build()
          .minimize(
              point -> {
                steps.add((point.getDouble(0) - unit) / unit);
                return 0;
              },
              x,
              1);
      double rms = Math.sqrt((0.01 * 0.01 + 0.03 * 0.03) / 2) / 0.01;
      assertEquals(-steps.get(0), steps.get(1), 1e-12);
      double z = Math.abs(steps.get(0)) / (0.1 * rms);
      assertTrue(z > 0 && z < 4.4, "z " + z);
    }
  }

  @Test
  void badLossesLeaveTheScales() {
    INDArray x = Nd4j.createFromArray(1.0, 2.0);
    INDArray before = x.dup();
    assertTrue(Double.isNaN(new QZO().minimize(point -> Double.NaN, x, 3)));
    assertEquals(0, before.distance2(x), 1e-15);
    for (int good = 0; good < 2; good++) {
      int[] left = {good};
      assertThrows(
          IllegalStateException.class,
          () ->
              new QZO()
                  .minimize(
                      point -> {
                        if (left[0]-- == 0) {
                          throw new IllegalStateException("mine");
                        }
                        return 1;
                      },
                      x,
                      1));
      assertEquals(0, before.distance2(x), 1e-15);
    }
    MultiLayerNetwork network = quantized(DataType.DOUBLE);
    INDArray parameters = network.params().dup();
    ZerothOrder.attach(network, QZO.builder().learningRate(0.1).build());
    DataSet data = MeZOTest.data(DataType.DOUBLE);
    data.getFeatures().putScalar(0, Double.NaN);
    network.fit(data);
    assertEquals(1, ZerothOrder.of(network).skippedSteps());
    assertEquals(0, parameters.distance2(network.params()), 1e-15);
  }

  @Test
  void schedulesTakeThePlaceOfConstants() {
    INDArray a = Nd4j.createFromArray(1.0, 2.0);
    INDArray b = a.dup();
    QZO.builder()
        .learningRate(0.05)
        .epsilon(0.01)
        .build()
        .minimize(point -> point.norm2Number().doubleValue(), a, 5);
    QZO.builder()
        .learningRateSchedule(new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 0.05).build())
        .epsilonSchedule(new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 0.01).build())
        .build()
        .minimize(point -> point.norm2Number().doubleValue(), b, 5);
    assertEquals(a, b);
    assertNotEquals(1.0, a.getDouble(0));
  }

  @Test
  void theConfigurationSurvivesJson() throws IOException {
    QZO method = QZO.builder().clip(3.0).trainUnquantized(true).seed(5L).build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZerothOrderMethod.class));
    assertEquals(new QZO(), QZO.builder().build());
  }

  @Test
  void badInputIsNamed() {
    named("learningRate", () -> QZO.builder().learningRate(-1.0).build());
    named("epsilon", () -> QZO.builder().epsilon(0.0).build());
    named("clip", () -> QZO.builder().clip(0.0).build());
    named("minScale", () -> QZO.builder().minScale(Double.NaN).build());
    named("UNIFORM", () -> QZO.builder().noise(Distribution.UNIFORM).build());
    MultiLayerNetwork plain = ZerothOrder.attach(MeZOTest.network(DataType.FLOAT), new QZO());
    named("QuantizedDenseLayer", () -> plain.fit(MeZOTest.data(DataType.FLOAT)));
  }

  private static void named(String what, org.junit.jupiter.api.function.Executable run) {
    Exception e = assertThrows(IllegalArgumentException.class, run);
    assertTrue(e.getMessage().contains(what), e.getMessage());
  }
}
