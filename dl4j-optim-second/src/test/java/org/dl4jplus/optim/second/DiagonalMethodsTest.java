package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.second.Sania.Preconditioner;
import org.dl4jplus.optim.second.Sophia.Estimator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The methods that scale by a diagonal, and products with the Hessian, on networks. */
class DiagonalMethodsTest {

  private static final DataSet DATA = data();

  private record Method(GradientListener listener, double rate) {

    @Override
    public String toString() {
      return listener.toString();
    }
  }

  static Stream<Method> methods() {
    return Stream.of(
        new Method(AdaHessian.builder().hessianUpdateFrequency(3).probes(2).build(), 0.05),
        new Method(
            Sophia.builder().estimator(Estimator.HUTCHINSON).hessianUpdateFrequency(3).build(),
            0.02),
        new Method(Sophia.builder().hessianUpdateFrequency(3).build(), 0.02),
        new Method(new Oasis(), 1),
        new Method(Oasis.builder().mode(Oasis.Mode.FIXED).momentum(0.5).alpha(0.01).build(), 0.05),
        new Method(new Sania(), 1),
        new Method(Sania.builder().preconditioner(Preconditioner.HUTCHINSON).build(), 1));
  }

  private static DataSet data() {
    Random random = new Random(3);
    double[][] x = new double[12][4];
    double[][] y = new double[12][3];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < 4; j++) {
        x[i][j] = random.nextGaussian() + (i % 3 == j ? 2 : 0);
      }
      y[i][i % 3] = 1;
    }
    return new DataSet(Nd4j.createFromArray(x), Nd4j.createFromArray(y));
  }

  private static NeuralNetConfiguration.Builder builder(double rate, double l2) {
    return new NeuralNetConfiguration.Builder()
        .seed(12)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .l2(l2)
        .updater(new Sgd(rate));
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(6)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  /** With batch normalization's statistics, which no method may touch, and dropout. */
  private static MultiLayerNetwork network(double rate, double l2, double keep) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(rate, l2)
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(6).dropOut(keep).build())
                .layer(new BatchNormalization.Builder().nOut(6).build())
                .layer(output())
                .build());
    network.init();
    return network;
  }

  private static ComputationGraph graph(double rate) {
    ComputationGraph graph =
        new ComputationGraph(
            builder(rate, 0)
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(4).nOut(6).build(), "in")
                .addLayer("out", output(), "dense")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  @ParameterizedTest
  @MethodSource("methods")
  void networksTrain(Method method) {
    MultiLayerNetwork network = network(method.rate(), 0, 1);
    ComputationGraph graph = graph(method.rate());
    network.setListeners(method.listener());
    graph.setListeners(method.listener());
    double networkLoss = network.score(DATA);
    double graphLoss = graph.score(DATA);
    for (int i = 0; i < 40; i++) {
      network.fit(DATA);
      graph.fit(DATA);
    }
    assertTrue(network.score(DATA) < 0.7 * networkLoss, networkLoss + " -> " + network.score(DATA));
    assertTrue(graph.score(DATA) < 0.7 * graphLoss, graphLoss + " -> " + graph.score(DATA));
    assertEquals(0, method.listener().plainSteps());
  }

  @ParameterizedTest
  @MethodSource("methods")
  void resumedRunsGoOnToTheSameBits(Method method) throws IOException {
    MultiLayerNetwork network = network(method.rate(), 0, 1);
    network.setListeners(method.listener());
    for (int i = 0; i < 4; i++) {
      network.fit(DATA);
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    ModelSerializer.writeModel(network, file, true);
    MultiLayerNetwork resumed =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(file.toByteArray()), true);
    method.listener().restoreState(resumed, method.listener().state(network));
    resumed.setListeners(method.listener());
    for (int i = 0; i < 4; i++) {
      network.fit(DATA);
      resumed.fit(DATA);
    }
    assertArrayEquals(network.params().toDoubleVector(), resumed.params().toDoubleVector());
  }

  /** The loss that Polyak's step needs is the one that the gradient belongs to. */
  @Test
  void penaltiesAreNotPartOfTheLoss() {
    double[] steps = new double[2];
    for (int i = 0; i < 2; i++) {
      MultiLayerNetwork network = network(1, i * 0.1, 1);
      Sania sania = Sania.builder().epsilon(1e-20).build();
      network.setListeners(sania);
      network.fit(DATA);
      steps[i] = Sania.stepSize(sania.state(network));
    }
    assertTrue(steps[0] > 0 && steps[0] < 1, "" + steps[0]);
    assertEquals(steps[0], steps[1], 1e-12);
  }

  private static ModelOracle oracle(MultiLayerNetwork network) {
    network.setInput(DATA.getFeatures().castTo(network.params().dataType()));
    network.setLabels(DATA.getLabels().castTo(network.params().dataType()));
    return new ModelOracle(network);
  }

  private static INDArray product(GradientOracle oracle, INDArray v) {
    INDArray out = v.ulike();
    oracle.hessianVector(oracle.parameters().dup(), v, out);
    oracle.restore();
    return out;
  }

  private static INDArray direction(ModelOracle oracle, int seed) {
    Random random = new Random(seed);
    INDArray v = oracle.parameters().ulike();
    for (int i = 0; i < v.length(); i++) {
      v.putScalar(i, random.nextGaussian());
    }
    return v;
  }

  @Test
  void productsAreSymmetric() {
    for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
      MultiLayerNetwork network = network(1, 0, 1).convertDataType(type);
      ModelOracle oracle = oracle(network);
      INDArray u = direction(oracle, 1);
      INDArray v = direction(oracle, 2);
      double scale = GradientTurn.norm(product(oracle, v)) * GradientTurn.norm(u);
      assertEquals(
          GradientTurn.dot(u, product(oracle, v)),
          GradientTurn.dot(v, product(oracle, u)),
          (type == DataType.DOUBLE ? 1e-6 : 1e-3) * scale,
          type.toString());
    }
  }

  /** All passes see the same dropout masks, or the quotient would be off by orders of magnitude. */
  @Test
  void productsAreLinearUnderDropout() {
    MultiLayerNetwork network = network(1, 0, 0.5);
    ModelOracle oracle = oracle(network);
    INDArray v = direction(oracle, 1);
    INDArray before = network.params().dup();
    long root = Nd4j.getRandom().rootState();
    long node = Nd4j.getRandom().nodeState();
    INDArray whole = product(oracle, v);
    INDArray half = product(oracle, v.div(2));
    assertArrayEquals(
        whole.toDoubleVector(), half.mul(2).toDoubleVector(), 1e-7 * GradientTurn.norm(whole));
    assertEquals(before, network.params());
    assertEquals(root, Nd4j.getRandom().rootState());
    assertEquals(node, Nd4j.getRandom().nodeState());
    assertArrayEquals(
        new double[(int) v.length()], product(oracle, v.ulike().assign(0)).toDoubleVector());
  }
}
