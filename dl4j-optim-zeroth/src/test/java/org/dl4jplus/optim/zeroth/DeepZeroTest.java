package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.DeepZero.MaskMethod;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class DeepZeroTest {

  private static double[] ones(int n) {
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    return ones;
  }

  @Test
  void aQuadraticIsOffByHalfItsCurvatureAndOnlyTheMaskIsAsked() {
    INDArray x = Nd4j.createFromArray(0.5, -1.0, 2.0);
    ZoProblem problem =
        ZoProblem.of(
            p -> {
              double[] v = p.toDoubleVector();
              return v[0] * v[0] + 3 * v[1] * v[1] + v[0] * v[2];
            },
            x);
    DeepZero method = DeepZero.builder().build();
    double mu = 0.25;
    double[] base = new double[1];
    double[] estimate = method.coordinateEstimate(problem, ones(3), mu, base);
    assertArrayEquals(new double[] {3 + mu, -6 + 3 * mu, 0.5}, estimate, 1e-12);
    assertEquals(4.25, base[0], 1e-12);
    assertEquals(4, problem.evaluations());
    double[] masked = method.coordinateEstimate(problem, new double[] {0, 1, 0}, mu, base);
    assertArrayEquals(new double[] {0, estimate[1], 0}, masked, 0);
    assertEquals(6, problem.evaluations());
    assertEquals(Nd4j.createFromArray(0.5, -1.0, 2.0), x);
  }

  private static MultiLayerNetwork images() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .l2(0.01)
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2).nOut(2).build())
                .layer(new BatchNormalization())
                .layer(new ActivationLayer(Activation.RELU))
                .layer(new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build())
                .layer(new DenseLayer.Builder().nOut(4).dropOut(0.5).build())
                .layer(new OutputLayer.Builder().nOut(3).build())
                .setInputType(InputType.convolutional(4, 4, 1))
                .build());
    network.init();
    return network;
  }

  @Test
  void reuseAndThreadsGiveTheSameEstimate() {
    MultiLayerNetwork network = images();
    ModelObjective objective = new ModelObjective(network);
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, 6, 3);
    for (int i = 0; i < 6; i++) {
      labels.putScalar(i, i % 3, 1);
    }
    objective.use(
        new MultiDataSet(
            Nd4j.linspace(DataType.DOUBLE, -1, 0.02, 96).reshape('c', 6, 1, 4, 4), labels));
    int n = (int) network.numParams();
    INDArray before = network.params().dup();
    double[] base = new double[1];
    double[] plain =
        DeepZero.builder()
            .featureReuse(false)
            .threads(1)
            .build()
            .coordinateEstimate(objective, ones(n), 1e-3, base);
    long each = objective.evaluations();
    double loss = base[0];
    for (boolean reuse : new boolean[] {false, true}) {
      for (int threads : new int[] {1, 2, 3}) {
        DeepZero method = DeepZero.builder().featureReuse(reuse).threads(threads).build();
        ModelObjective own = new ModelObjective(network);
        own.useCurrentBatch();
        double[] estimate = method.coordinateEstimate(own, ones(n), 1e-3, base);
        assertArrayEquals(plain, estimate, 1e-9);
        assertEquals(loss, base[0], 1e-14);
        assertEquals(each, own.evaluations());
      }
    }
    assertEquals(before, network.params());
    // The statistics of batch normalization do not move.
    assertEquals(n - 4 + 1, each);
  }

  @ParameterizedTest
  @EnumSource(MaskMethod.class)
  void plainFitTrainsWithMasksAndGoesOnToTheSameBits(MaskMethod maskMethod) throws Exception {
    DeepZero method =
        DeepZero.builder()
            .sparsity(0.5)
            .maskMethod(maskMethod)
            .maskInterval(2)
            .warmupEpochs(1)
            .graspSamples(4)
            .build();
    DataSet data = MeZOTest.data(DataType.FLOAT);
    MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
    MultiLayerNetwork other = MeZOTest.network(DataType.FLOAT);
    ZerothOrder.attach(network, method);
    ZerothOrder.attach(other, method);
    double before = network.score(data);
    INDArray first = null;
    for (int epoch = 0; epoch < 6; epoch++) {
      for (int i = 0; i < 5; i++) {
        network.fit(data);
        other.fit(data);
        if (i == 2) {
          GradientState state = ZerothOrder.of(other).state();
          other = other.clone();
          ZerothOrder.attach(other, method);
          ZerothOrder.of(other).restoreState(state);
        }
      }
      INDArray mask = ZerothOrder.of(network).state().vector(0);
      // 42 weights and 9 biases.
      assertEquals(51 - 21, mask.sumNumber().doubleValue(), 1);
      first = epoch == 0 ? mask : first;
      assertEquals(epoch < 2, first.equals(mask));
      network.incrementEpochCount();
      other.incrementEpochCount();
    }
    assertTrue(network.score(data) < before - 0.05, "" + network.score(data));
    assertArrayEquals(network.params().toDoubleVector(), other.params().toDoubleVector());
    assertNull(network.getFlattenedGradients());
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZerothOrderMethod.class));
  }

  @Test
  void pruningOnAnotherBatchSetsTheShares() {
    DeepZero method = DeepZero.builder().sparsity(0.97).graspSamples(3).samplesPerClass(2).build();
    MultiLayerNetwork network = MeZOTest.network(DataType.DOUBLE);
    DataSet batch = method.scoringBatch(MeZOTest.data(DataType.DOUBLE));
    assertEquals(6, batch.numExamples());
    GradientState state =
        method.prune(network, new MultiDataSet(batch.getFeatures(), batch.getLabels()));
    assertEquals(1, state.scalar(1));
    // round(0.97 * 42) = 41 are dropped, but each of the two layers keeps one.
    double[] shares = state.vector(2).toDoubleVector();
    assertEquals(40, Math.round(shares[0] * 24) + Math.round(shares[1] * 18));
    ZerothOrder.attach(network, method);
    ZerothOrder.of(network).restoreState(state);
    network.fit(MeZOTest.data(DataType.DOUBLE));
    assertEquals(12, ZerothOrder.of(network).evaluations());
  }

  @Test
  void ratesWarmUpAndFall() {
    DeepZero byStep = DeepZero.builder().epochs(7).iterationsPerEpoch(10).build();
    assertEquals(0.1 / 30, byStep.rate(0, 0), 1e-15);
    assertEquals(0.1, byStep.rate(29, 2), 1e-15);
    assertEquals(0.05, byStep.rate(50, 5), 1e-15);
    assertEquals(0, byStep.rate(70, 7), 1e-15);
    DeepZero byEpoch = DeepZero.builder().build();
    assertEquals(0.2 / 3, byEpoch.rate(99, 1), 1e-15);
    assertEquals(0.1, byEpoch.rate(999, 50), 1e-15);
  }

  @Test
  void whatIsNotFiniteOrThrowsLeavesTheParameters() {
    INDArray x = Nd4j.createFromArray(1f, -2f);
    int[] calls = new int[1];
    DeepZero method = DeepZero.builder().build();
    assertEquals(Double.NaN, method.minimize(p -> calls[0]++ == 1 ? Double.NaN : 1, x, 1));
    DeepZero sparse = DeepZero.builder().sparsity(0.5).build();
    for (int fails = 0; fails < 8; fails++) {
      int at = fails;
      calls[0] = 0;
      assertThrows(
          IllegalStateException.class,
          () ->
              sparse.minimize(
                  p -> {
                    if (calls[0]++ == at) {
                      throw new IllegalStateException("no");
                    }
                    return 1;
                  },
                  x,
                  1));
    }
    assertEquals(Nd4j.createFromArray(1f, -2f), x);
  }

  @Test
  void badInputIsNamed() {
    assertThrows(IllegalArgumentException.class, () -> DeepZero.builder().sparsity(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> DeepZero.builder().stepSize(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> DeepZero.builder().epochs(3).build());
    assertEquals(-1, DeepZero.builder().stepSize(-1.0).build().getStepSize());
    DeepZero small = DeepZero.builder().maxCoordinates(2).build();
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> small.minimize(p -> 0, Nd4j.zeros(DataType.DOUBLE, 3), 1))
            .getMessage();
    assertTrue(message.contains("maxCoordinates"), message);
    ComputationGraph graph = MeZOTest.network(DataType.FLOAT).toComputationGraph();
    DataSet data = MeZOTest.data(DataType.FLOAT);
    ZerothOrder.attach(graph, DeepZero.builder().build());
    assertThrows(IllegalArgumentException.class, () -> graph.fit(data));
    ZerothOrder.attach(graph, DeepZero.builder().featureReuse(false).build());
    graph.fit(data);
    assertEquals(52, ZerothOrder.of(graph).evaluations());
    MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
    ZerothOrder.attach(network, DeepZero.builder().build());
    data.setLabelsMaskArray(Nd4j.ones(DataType.FLOAT, 12, 1));
    assertThrows(IllegalArgumentException.class, () -> network.fit(data));
  }
}
