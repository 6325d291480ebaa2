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
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class MeZOTest {

  static MultiLayerNetwork network(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(type)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(6).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder().nIn(6).nOut(3).build())
                .build());
    network.init();
    return network;
  }

  static DataSet data(DataType type) {
    INDArray x = Nd4j.create(type, 12, 4);
    INDArray y = Nd4j.create(type, 12, 3);
    for (int i = 0; i < 12; i++) {
      x.putScalar(i, i % 4, 1);
      y.putScalar(i, i % 3, 1);
    }
    return new DataSet(x, y);
  }

  @ParameterizedTest
  @EnumSource
  void plainFitTrainsWithoutAGradient(MeZO.UpdateRule rule) {
    MultiLayerNetwork network = network(DataType.FLOAT);
    double rate = rule == MeZO.UpdateRule.SGD ? 0.05 : 0.005;
    ZerothOrder.attach(network, MeZO.builder().learningRate(rate).updateRule(rule).build());
    DataSet data = data(DataType.FLOAT);
    double before = network.score(data);
    int[] heard = new int[1];
    network.addListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            assertEquals(heard[0]++, iteration);
            assertTrue(Double.isFinite(model.score()));
          }
        });
    for (int i = 0; i < 500; i++) {
      network.fit(data);
    }
    assertTrue(network.score(data) < before - 0.05, "score " + network.score(data));
    assertNull(network.getFlattenedGradients());
    assertEquals(500, network.getIterationCount());
    assertEquals(500, heard[0]);
    assertEquals(1000, ZerothOrder.of(network).evaluations());
  }

  @Test
  void aGraphTakesTheSamePathAsANetwork() {
    MultiLayerNetwork network = network(DataType.DOUBLE);
    ComputationGraph graph = network(DataType.DOUBLE).toComputationGraph();
    MeZO method = MeZO.builder().learningRate(0.05).queries(2).build();
    ZerothOrder.attach(network, method);
    ZerothOrder.attach(graph, method);
    for (int i = 0; i < 20; i++) {
      network.fit(data(DataType.DOUBLE));
      graph.fit(data(DataType.DOUBLE));
    }
    assertEquals(0, network.params().distance2(graph.params()), 1e-12);
  }

  @ParameterizedTest
  @EnumSource
  void aSavedRunGoesOnToTheSameBits(MeZO.UpdateRule rule, @TempDir Path folder) throws IOException {
    MeZO method = MeZO.builder().learningRate(0.01).updateRule(rule).build();
    MultiLayerNetwork whole = ZerothOrder.attach(network(DataType.FLOAT), method);
    MultiLayerNetwork part = ZerothOrder.attach(network(DataType.FLOAT), method);
    DataSet data = data(DataType.FLOAT);
    for (int i = 0; i < 9; i++) {
      whole.fit(data);
    }
    for (int i = 0; i < 4; i++) {
      part.fit(data);
    }
    File file = folder.resolve("net.zip").toFile();
    part.save(file);
    MultiLayerNetwork again = MultiLayerNetwork.load(file, false);
    ZerothOrder.attach(again, method);
    ZerothOrder.of(again).restoreState(ZerothOrder.of(part).state());
    for (int i = 0; i < 5; i++) {
      again.fit(data);
    }
    assertArrayEquals(whole.params().toDoubleVector(), again.params().toDoubleVector());
  }

  @Test
  void theEstimateIsUnbiasedOnAQuadratic() {
    // E[g z] over many seeds; each entry of the mean has a standard error below
    // |gradient| * sqrt(2 / seeds), so the cosine's deficit is below 8 * 2 / 20000 with room.
    double[] center = {1, -2, 0.5, 3, -1, 0.2, 2, -0.7};
    INDArray gradient = Nd4j.createFromArray(center).neg();
    INDArray sum = Nd4j.zeros(DataType.DOUBLE, 8);
    for (int seed = 0; seed < 20_000; seed++) {
      INDArray x = Nd4j.zeros(DataType.DOUBLE, 8);
      MeZO.builder()
          .seed((long) seed)
          .learningRate(1.0)
          .build()
          .minimize(
              point -> {
                double[] at = point.toDoubleVector();
                double value = 0;
                for (int i = 0; i < 8; i++) {
                  value += 0.5 * (at[i] - center[i]) * (at[i] - center[i]);
                }
                return value;
              },
              x,
              1);
      sum.subi(x);
    }
    double cosine =
        Nd4j.getBlasWrapper().dot(sum, gradient)
            / (sum.norm2Number().doubleValue() * gradient.norm2Number().doubleValue());
    assertTrue(cosine > 0.99, "cosine " + cosine);
    assertEquals(
        1, sum.norm2Number().doubleValue() / 20_000 / gradient.norm2Number().doubleValue(), 0.05);
  }

  @Test
  void goingBackLeavesParametersWhereTheyWere() {
    INDArray x = Nd4j.rand(DataType.FLOAT, 26_000).subi(0.5f);
    INDArray before = x.dup();
    Perturber perturber = new Perturber(x, List.of(new Stretch(0, 26_000, true)));
    Directions directions = Directions.of(Distribution.GAUSSIAN_TABLE, 3, 0);
    double eps = 1e-3;
    for (int t = 0; t < 1000; t++) {
      perturber.add(directions, t, 0, eps);
      perturber.add(directions, t, 0, -2 * eps);
      perturber.add(directions, t, 0, eps);
    }
    double rms = x.distance2(before) / Math.sqrt(26_000);
    assertTrue(rms < 1e-3 * eps, "drift " + rms);
  }

  @Test
  void onePassThatRestoresAndStepsGivesTheBitsOfTwo() {
    INDArray fused = Nd4j.rand(DataType.FLOAT, 40_000).subi(0.5f);
    INDArray plain = fused.dup();
    double[] losses = {2, 1.5};
    int[] asked = new int[1];
    MeZO method = MeZO.builder().learningRate(0.1).weightDecay(0.01).build();
    method.minimize(point -> losses[asked[0]++], fused, 1);
    Perturber perturber = new Perturber(plain, List.of(new Stretch(0, 40_000, true)));
    Directions directions = method.directions();
    double eps = 1e-3;
    perturber.add(directions, 0, 0, eps);
    perturber.add(directions, 0, 0, -2 * eps);
    perturber.add(directions, 0, 0, eps);
    double g = (2 - 1.5) / (2 * eps);
    perturber.apply(
        (x, from, length, decays, scratch) -> {
          directions.fill(0, 0, from, scratch[0], length);
          for (int i = 0; i < length; i++) {
            x[i] -= 0.1 * (g * scratch[0][i] + 0.01 * x[i]);
          }
        });
    assertEquals(plain, fused);
  }

  @Test
  void frozenLayersAndStatisticsStayAndBiasesDoNotDecay() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new FrozenLayer.Builder()
                        .layer(new DenseLayer.Builder().nIn(4).nOut(6).build())
                        .build())
                .layer(new BatchNormalization.Builder().nOut(6).build())
                .layer(new OutputLayer.Builder().nIn(6).nOut(3).build())
                .build());
    network.init();
    INDArray frozen = network.getLayer(0).params().dup();
    INDArray mean = network.getParam("1_mean").dup();
    network.getParam("2_b").assign(1);
    INDArray weights = network.getParam("2_W").dup();
    // Directions of no length: only decay is left.
    MeZO method = MeZO.builder().learningRate(0.5).weightDecay(0.1).build();
    ZerothOrder.attach(network, method);
    network.fit(data(DataType.FLOAT));
    assertEquals(frozen, network.getLayer(0).params());
    assertEquals(mean, network.getParam("1_mean"));
    assertNotEquals(weights, network.getParam("2_W"));
    INDArray x = Nd4j.createFromArray(1.0, 1.0);
    method.step(
        new ZoStep(
            ZoProblem.of(point -> 0, x, List.of(new Stretch(0, 1, true), new Stretch(1, 2, false))),
            new Perturber(x, List.of(new Stretch(0, 1, true), new Stretch(1, 2, false))),
            0,
            0,
            new GradientState()));
    assertEquals(0.95, x.getDouble(0), 1e-15);
    assertEquals(1, x.getDouble(1), 1e-15);
  }

  @Test
  void masksCount() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new LSTM.Builder().nOut(3).build())
                .layer(new RnnOutputLayer.Builder().nOut(2).build())
                .setInputType(InputType.recurrent(2))
                .build());
    network.init();
    INDArray x = Nd4j.rand(DataType.DOUBLE, 2, 2, 5);
    INDArray y = Nd4j.zeros(DataType.DOUBLE, 2, 2, 5);
    y.get(NDArrayIndex.all(), NDArrayIndex.point(0)).assign(1);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 2, 5);
    mask.putScalar(1, 3, 0).putScalar(1, 4, 0);
    INDArray other = x.dup();
    other.putScalar(new int[] {1, 0, 4}, 99);
    INDArray start = network.params().dup();
    INDArray[] ends = new INDArray[2];
    for (int i = 0; i < 2; i++) {
      network.setParams(start.dup());
      network.setIterationCount(0);
      ZerothOrder.attach(network, MeZO.builder().learningRate(0.1).build());
      network.fit(new DataSet(i == 0 ? x : other, y, mask, mask));
      ends[i] = network.params().dup();
    }
    assertEquals(ends[0], ends[1]);
    assertNotEquals(start, ends[0]);
  }

  @Test
  void lossesThatAreNotFiniteSkipTheStep() {
    INDArray x = Nd4j.createFromArray(1.0, 2.0);
    double reported = new MeZO(0.1).minimize(point -> Double.NaN, x, 3);
    assertTrue(Double.isNaN(reported));
    // Back to rounding: a direction was added and taken back.
    assertEquals(0, x.distance2(Nd4j.createFromArray(1.0, 2.0)), 1e-15);
  }

  @Test
  void aLossThatThrowsLeavesTheParametersWhereTheyWere() {
    for (MeZO.PerturbationMode mode : MeZO.PerturbationMode.values()) {
      for (int good = 0; good < 6; good++) {
        INDArray x = Nd4j.createFromArray(1.0, 2.0);
        MeZO method =
            MeZO.builder()
                .learningRate(0.0)
                .queries(3)
                .epsilon(0.25)
                .perturbationMode(mode)
                .build();
        int[] left = {good};
        Exception e =
            assertThrows(
                IllegalStateException.class,
                () ->
                    method.minimize(
                        point -> {
                          if (left[0]-- == 0) {
                            throw new IllegalStateException("mine");
                          }
                          return 1;
                        },
                        x,
                        2));
        assertEquals("mine", e.getMessage());
        assertEquals(0, x.distance2(Nd4j.createFromArray(1.0, 2.0)), 1e-14);
      }
    }
  }

  @Test
  void schedulesTakeThePlaceOfConstants() {
    MeZO constant = MeZO.builder().learningRate(0.05).build();
    MeZO scheduled =
        MeZO.builder()
            .learningRateSchedule(
                new MapSchedule.Builder(ScheduleType.ITERATION).add(0, 0.05).build())
            .build();
    INDArray a = Nd4j.createFromArray(1.0, 2.0);
    INDArray b = a.dup();
    constant.minimize(point -> point.norm2Number().doubleValue(), a, 5);
    scheduled.minimize(point -> point.norm2Number().doubleValue(), b, 5);
    assertEquals(a, b);
  }

  @Test
  void theConfigurationSurvivesJson() throws IOException {
    MeZO method = MeZO.builder().queries(3).noise(Distribution.RADEMACHER).seed(5L).build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZerothOrderMethod.class));
  }

  @Test
  void badInputIsNamed() {
    assertThrows(IllegalArgumentException.class, () -> MeZO.builder().epsilon(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> MeZO.builder().queries(0).build());
    assertThrows(IllegalArgumentException.class, () -> new MeZO(Double.NaN));
    assertThrows(
        IllegalArgumentException.class, () -> MeZO.builder().noise(Distribution.UNIFORM).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> new MeZO().minimize(point -> 0, Nd4j.zeros(DataType.FLOAT16, 3), 1));
    assertThrows(IllegalArgumentException.class, () -> ZerothOrder.of(network(DataType.FLOAT)));
  }
}
