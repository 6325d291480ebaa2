package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.Cautious.Scaling;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

class CautiousTest {

  @Test
  void sgdAlwaysAgreesAndZerosRaiseTheScale() {
    double[][] gradient = {{1, 0, 2, 0}};
    assertArrayEquals(
        new double[] {0.2, 0, 0.4, 0}, Updates.of(new Cautious(new Sgd(0.1)), gradient)[0], 1e-15);
    Cautious count =
        Cautious.builder().delegate(new Sgd(0.1)).scaling(Scaling.COUNT_PLUS_ONE).build();
    assertArrayEquals(
        new double[] {-0.075, 0.15, 0.225},
        Updates.of(count, new double[][] {{-1, 2, 3}})[0],
        1e-15);
    Cautious none = Cautious.builder().delegate(new Sgd(0.1)).scaling(Scaling.NONE).build();
    assertArrayEquals(new double[] {0.1, 0, 0.2, 0}, Updates.of(none, gradient)[0], 1e-15);
  }

  @Test
  void smallNumbersAgreeThoughTheirProductVanishes() {
    double[] u = Updates.of(new Cautious(new Sgd(1e-10)), new double[][] {{1e-200, -1e-300}})[0];
    assertArrayEquals(new double[] {1e-210, -1e-310}, u, 1e-320);
  }

  @Test
  void noUpdatePointsAgainstItsGradient() {
    double[][] gradients = Updates.randomGradients(12, 50, 20);
    for (IUpdater delegate : List.of(new Adam(0.01), new Nesterovs(0.01, 0.9), new Adan(0.01))) {
      double[][] plain = Updates.of(delegate, gradients);
      double[][] u = Updates.of(new Cautious(delegate), gradients);
      for (int k = 0; k < u.length; k++) {
        int left = 0;
        for (int i = 0; i < 20; i++) {
          left += plain[k][i] * gradients[k][i] > 0 ? 1 : 0;
        }
        for (int i = 0; i < 20; i++) {
          double kept = plain[k][i] * gradients[k][i] > 0 ? plain[k][i] * 20 / left : 0;
          assertEquals(kept, u[k][i], 1e-15);
        }
      }
    }
  }

  @Test
  void everythingMaskedIsNothing() {
    GradientUpdater<?> running = Updates.start(new Cautious(new Adam(0.1)), 2);
    Updates.next(running, 0, 10, -10);
    assertArrayEquals(new double[] {0, 0}, Updates.next(running, 1, -1e-3, 1e-3), 1e-300);
  }

  @Test
  void whatIsNotFiniteReachesNoDelegate() {
    for (IUpdater delegate : List.of(new Adam(0.1), new Lion(0.1))) {
      GradientUpdater<?> running = Updates.start(new Cautious(delegate), 3);
      Updates.next(running, 0, 1, 2, 3);
      List<INDArray> before = running.getState().values().stream().map(INDArray::dup).toList();
      double[] u = Updates.next(running, 1, 1, Double.NaN, Double.NEGATIVE_INFINITY);
      assertArrayEquals(new double[] {0, Double.NaN, Double.NaN}, u);
      assertEquals(before, List.copyOf(running.getState().values()));
    }
  }

  @Test
  void rejectsDelegatesThatMakeNoSense() {
    Cautious inner = new Cautious(new Adam());
    OptAmsGrad accountant = new OptAmsGrad();
    NoOp nothing = new NoOp();
    assertThrows(IllegalArgumentException.class, () -> new Cautious(null));
    assertThrows(IllegalArgumentException.class, () -> new Cautious(nothing));
    assertThrows(IllegalArgumentException.class, () -> new Cautious(inner));
    assertThrows(IllegalArgumentException.class, () -> new Cautious(accountant));
    assertThrows(
        IllegalArgumentException.class,
        () -> Cautious.builder().delegate(new Adam()).minMaskMean(0.0).build());
  }

  @Test
  void rateStateAndNeedsAreTheDelegates() {
    Cautious updater = new Cautious(new Adam(0.1));
    assertEquals(20, updater.stateSize(10));
    assertTrue(updater.hasLearningRate());
    Cautious copy = (Cautious) updater.clone();
    assertEquals(updater, copy);
    assertNotSame(updater.getDelegate(), copy.getDelegate());
    copy.setLrAndSchedule(0.2, null);
    assertEquals(0.1, updater.getLearningRate(0, 0));
    assertEquals(0.2, copy.getLearningRate(0, 0));
    assertTrue(new Cautious(new FAdam()).needsParameters());
    assertThrows(IllegalStateException.class, () -> new Cautious(new FAdam()).stateSize(1));
  }

  @Test
  void readsParametersForItsDelegate() {
    INDArray p = Nd4j.createFromArray(1.0, -2.0);
    INDArray same = p.dup();
    double[] gradient = {1, -1};
    new ArrayOptimizer(new Cautious(new FAdam()), List.of(), p)
        .step(Nd4j.createFromArray(gradient));
    new ArrayOptimizer(new FAdam(), List.of(), same).step(Nd4j.createFromArray(gradient));
    assertArrayEquals(same.toDoubleVector(), p.toDoubleVector(), 1e-15);
  }

  private static NeuralNetConfiguration.Builder builder(IUpdater delegate) {
    return new NeuralNetConfiguration.Builder()
        .seed(1)
        .dataType(DataType.DOUBLE)
        .updater(new Cautious(delegate));
  }

  private static DataSet data() {
    Nd4j.getRandom().setSeed(5);
    return new DataSet(Nd4j.rand(DataType.DOUBLE, 8, 3), Nd4j.rand(DataType.DOUBLE, 8, 2));
  }

  private static final OutputLayer OUTPUT =
      new OutputLayer.Builder(org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction.MSE)
          .activation(org.nd4j.linalg.activations.Activation.IDENTITY)
          .nIn(4)
          .nOut(2)
          .build();

  @Test
  void goesOnWhereASavedNetworkStopped() throws IOException {
    for (IUpdater delegate : List.of(new Adam(0.01), new Nesterovs(0.01), new FAdam())) {
      MultiLayerConfiguration conf =
          Optim.bind(
              builder(delegate)
                  .list()
                  .layer(new DenseLayer.Builder().nIn(3).nOut(4).build())
                  .layer(OUTPUT)
                  .build());
      assertEquals(conf, MultiLayerConfiguration.fromJson(conf.toJson()));
      MultiLayerNetwork net = new MultiLayerNetwork(conf);
      net.init();
      DataSet data = data();
      double before = net.score(data);
      for (int i = 0; i < 5; i++) {
        net.fit(data);
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ModelSerializer.writeModel(net, bytes, true);
      MultiLayerNetwork restored =
          ModelSerializer.restoreMultiLayerNetwork(
              new ByteArrayInputStream(bytes.toByteArray()), true);
      for (int i = 0; i < 5; i++) {
        net.fit(data);
        restored.fit(data);
      }
      assertArrayEquals(net.params().toDoubleVector(), restored.params().toDoubleVector());
      assertTrue(net.score(data) < before);
    }
  }

  @Test
  void trainsComputationGraphs() {
    ComputationGraphConfiguration conf =
        builder(new Nesterovs(0.05, 0.9))
            .graphBuilder()
            .addInputs("in")
            .addLayer("dense", new DenseLayer.Builder().nIn(3).nOut(4).build(), "in")
            .addLayer("out", OUTPUT, "dense")
            .setOutputs("out")
            .build();
    assertEquals(conf, ComputationGraphConfiguration.fromJson(conf.toJson()));
    ComputationGraph graph = new ComputationGraph(conf);
    graph.init();
    double before = graph.score(data());
    for (int i = 0; i < 10; i++) {
      graph.fit(data());
    }
    assertTrue(graph.score(data()) < before);
  }

  @Test
  void trainsSameDiff() {
    for (IUpdater delegate :
        List.of(new Sgd(0.1), new Adam(0.1), new Nesterovs(0.1), new Lion(0.01))) {
      SameDiff graph = SameDiff.create();
      SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 3);
      SDVariable y = graph.placeHolder("y", DataType.DOUBLE, -1, 2);
      SDVariable w = graph.var("w", Nd4j.ones(DataType.DOUBLE, 3, 2));
      SDVariable b = graph.var("b", Nd4j.zeros(DataType.DOUBLE, 2));
      SDVariable error = x.mmul(w).add(b).sub(y);
      error.mul(error).mean("loss");
      graph.setLossVariables("loss");
      graph.setTrainingConfig(
          TrainingConfig.builder()
              .updater(new Cautious(delegate))
              .dataSetFeatureMapping("x")
              .dataSetLabelMapping("y")
              .build());
      double first = loss(graph);
      for (int i = 0; i < 20; i++) {
        graph.fit(data());
      }
      double last = loss(graph);
      assertTrue(last < first, delegate + ": " + last + " >= " + first);
    }
  }

  private static double loss(SameDiff graph) {
    DataSet data = data();
    Map<String, INDArray> inputs = Map.of("x", data.getFeatures(), "y", data.getLabels());
    return graph.output(inputs, "loss").get("loss").getDouble(0);
  }

  @Test
  void decaysOnlyAlongTheUpdate() {
    INDArray p = Nd4j.createFromArray(2.0, -2.0, 2.0, 0.0);
    INDArray u = Nd4j.createFromArray(1.0, 1.0, 0.0, -1.0);
    new CautiousWeightDecay(0.1).apply(p, u, 0.5, 0, 0);
    assertArrayEquals(new double[] {1.1, 1, 0.1, -1}, u.toDoubleVector(), 1e-15);
  }
}
