package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.Extragradient.Lookahead;
import org.dl4jplus.optim.first.Extragradient.Variant;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class GamesTest {

  /** V = (y, -x): the players circle each other. */
  private static final class Rotation implements GradientOracle {

    private final INDArray z = Nd4j.createFromArray(1.0, 0.5);
    private final List<double[]> asked = new ArrayList<>();

    @Override
    public INDArray parameters() {
      return z;
    }

    @Override
    public double lossAndGradient(INDArray point, INDArray gradientOut) {
      asked.add(point.toDoubleVector());
      gradientOut.putScalar(0, point.getDouble(1)).putScalar(1, -point.getDouble(0));
      return 0;
    }
  }

  /** Squared growth of the distance in one step, after some. */
  private static double growth(GradientListener method, IUpdater updater) {
    Rotation game = new Rotation();
    OracleOptimizer optimizer = new OracleOptimizer(method, updater, game);
    optimizer.step();
    double before = GradientTurn.dot(game.z, game.z);
    optimizer.step();
    return GradientTurn.dot(game.z, game.z) / before;
  }

  @Test
  void rotationGrowsAndShrinksAsTheTheorySays() {
    for (double gamma : new double[] {0.1, 0.3, 0.5}) {
      Sgd sgd = new Sgd(gamma);
      double square = gamma * gamma;
      assertEquals(1 - square + square * square, growth(new Extragradient(), sgd), 1e-12);
      assertEquals(1 + square * square / 4, growth(new RungeKutta(), sgd), 1e-12);
      assertEquals(
          1 - Math.pow(gamma, 6) / 72 + Math.pow(gamma, 8) / 576,
          growth(RungeKutta.builder().order(4).build(), sgd),
          1e-12);
    }
  }

  private static Extragradient variant(Variant variant) {
    return Extragradient.builder().variant(variant).build();
  }

  @Test
  void singleCallVariantsAskAtTheSamePoints() {
    Rotation past = new Rotation();
    Rotation reflected = new Rotation();
    OracleOptimizer first = new OracleOptimizer(variant(Variant.PAST), new Sgd(0.3), past);
    OracleOptimizer second =
        new OracleOptimizer(variant(Variant.REFLECTED), new Sgd(0.3), reflected);
    INDArray updated = Nd4j.createFromArray(1.0, 0.5);
    ArrayOptimizer third = new ArrayOptimizer(new SingleCallExtragradient(0.3), List.of(), updated);
    for (int k = 0; k < 20; k++) {
      double[] at = updated.toDoubleVector();
      third.step(Nd4j.createFromArray(at[1], -at[0]));
      first.step();
      second.step();
      assertArrayEquals(at, past.asked.get(k), 1e-13);
      assertArrayEquals(at, reflected.asked.get(k), 1e-13);
    }
    assertEquals(20, past.asked.size(), "more than one gradient a step");
  }

  @Test
  void tinyGammaIsThePlainStep() {
    Rotation game = new Rotation();
    new OracleOptimizer(Extragradient.builder().gamma(1e-12).build(), new Sgd(0.1), game).step();
    assertArrayEquals(new double[] {0.95, 0.6}, game.z.toDoubleVector(), 1e-11);
  }

  @Test
  void badConfigurationsAreRejected() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> Extragradient.builder().gamma(bad).build())
              .getMessage();
      assertTrue(message.contains("gamma"), message);
      assertThrows(IllegalArgumentException.class, () -> RungeKutta.builder().gamma(bad).build());
    }
    assertThrows(IllegalArgumentException.class, () -> RungeKutta.builder().order(3).build());
    assertThrows(IllegalArgumentException.class, () -> new GradientReversal(-1.0));
    assertThrows(IllegalArgumentException.class, () -> new GradientReversal(Double.NaN));
  }

  @Test
  void toBasePointUndoesTheLead() {
    MultiLayerNetwork net = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    Extragradient past = variant(Variant.PAST);
    net.addListeners(past);
    DataSet data = Networks.data();
    net.fit(data);
    INDArray after = net.params().dup();
    INDArray offset = past.state(net).vector(0);
    past.toBasePoint(net);
    assertEquals(
        GradientTurn.norm(offset), after.sub(net.params()).norm2Number().doubleValue(), 1e-9);
    INDArray base = net.params().dup();
    past.toBasePoint(net);
    assertEquals(base, net.params());
  }

  @Test
  void lookaheadByTheUpdaterKeepsTheNetworkSane() {
    for (IUpdater updater : List.of(new Adam(0.01), new Nesterovs(0.05, 0.9))) {
      for (Variant variant : Variant.values()) {
        MultiLayerNetwork net = Networks.network(Networks.normalized(updater, 1));
        net.addListeners(
            Extragradient.builder().variant(variant).lookahead(Lookahead.UPDATER).build());
        DataSet data = Networks.data();
        double before = net.score(data);
        for (int i = 0; i < 30; i++) {
          net.fit(data);
        }
        assertTrue(net.score(data) < before, variant + " " + updater);
      }
    }
  }

  /** With Sgd the updater's own step is the plain one. */
  @Test
  void lookaheadsAgreeUnderSgd() {
    for (Variant variant : Variant.values()) {
      ComputationGraph plain = new ComputationGraph(Networks.graph(new Sgd(0.1)));
      ComputationGraph updater = new ComputationGraph(Networks.graph(new Sgd(0.1)));
      plain.init();
      updater.init();
      plain.addListeners(variant(variant));
      updater.addListeners(
          Extragradient.builder().variant(variant).lookahead(Lookahead.UPDATER).build());
      for (int i = 0; i < 5; i++) {
        plain.fit(Networks.data());
        updater.fit(Networks.data());
      }
      assertArrayEquals(plain.params().toDoubleVector(), updater.params().toDoubleVector(), 1e-12);
    }
  }

  private static double[] positive(double[] point) {
    return Arrays.stream(point).map(x -> Math.max(x, 0)).toArray();
  }

  /** a + factor * b. */
  private static double[] sum(double[] a, double factor, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] + factor * b[i]).toArray();
  }

  private static double[] field(MultiLayerNetwork network, double[] point) {
    DataSet data = Networks.data();
    network.setParams(Nd4j.createFromArray(point).reshape(1, point.length));
    network.setInput(data.getFeatures());
    network.setLabels(data.getLabels());
    network.computeGradientAndScore();
    INDArray sum = network.getFlattenedGradients();
    return sum.reshape(sum.length()).div(data.numExamples()).toDoubleVector();
  }

  /** Both halves of a step stay where the constraints want the parameters. */
  @Test
  void halfStepsAreProjected() {
    double gamma = 0.3;
    for (Variant variant : Variant.values()) {
      MultiLayerConfiguration conf =
          new NeuralNetConfiguration.Builder()
              .seed(5)
              .dataType(DataType.DOUBLE)
              .updater(new Sgd(gamma))
              .list()
              .layer(
                  new DenseLayer.Builder()
                      .nIn(4)
                      .nOut(5)
                      .activation(Activation.TANH)
                      .constrainAllParameters(new NonNegativeConstraint())
                      .build())
              .layer(
                  new OutputLayer.Builder(LossFunction.MCXENT)
                      .nIn(5)
                      .nOut(3)
                      .activation(Activation.SOFTMAX)
                      .constrainAllParameters(new NonNegativeConstraint())
                      .build())
              .build();
      MultiLayerNetwork network = Networks.network(conf);
      network.addListeners(variant(variant));
      MultiLayerNetwork twin = Networks.network(conf.clone());
      double[] base = network.params().toDoubleVector();
      double[] leading = base;
      for (int i = 0; i < 6; i++) {
        network.fit(Networks.data());
        if (variant == Variant.EXTRAGRADIENT) {
          leading = positive(sum(base, -gamma, field(twin, base)));
        }
        double[] gradient = field(twin, leading);
        double[] next = positive(sum(base, -gamma, gradient));
        leading =
            switch (variant) {
              case EXTRAGRADIENT -> next;
              case PAST -> positive(sum(next, -gamma, gradient));
              case REFLECTED -> positive(sum(sum(next, 1, next), -1, base));
            };
        base = next;
        assertArrayEquals(leading, network.params().toDoubleVector(), 1e-12, variant + " " + i);
      }
    }
  }

  private static ComputationGraphConfiguration adversarial(double lambda) {
    return new NeuralNetConfiguration.Builder()
        .seed(5)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(new Sgd(0.2))
        .graphBuilder()
        .addInputs("in")
        .addLayer("features", new DenseLayer.Builder().nIn(4).nOut(6).build(), "in")
        .addLayer("label", head(3), "features")
        .addLayer("reversal", new GradientReversal(lambda), "features")
        .addLayer("domain", head(2), "reversal")
        .setOutputs("label", "domain")
        .build();
  }

  private static OutputLayer head(int classes) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(6)
        .nOut(classes)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static MultiDataSet twoDomains() {
    DataSet data = Networks.data();
    INDArray domain = Nd4j.zeros(DataType.DOUBLE, 12, 2);
    for (int i = 0; i < 12; i++) {
      domain.putScalar(i, i / 6, 1);
    }
    return new MultiDataSet(
        new INDArray[] {data.getFeatures()}, new INDArray[] {data.getLabels(), domain});
  }

  private static INDArray featureGradient(double lambda) {
    ComputationGraph net = new ComputationGraph(adversarial(lambda));
    net.init();
    MultiDataSet data = twoDomains();
    net.setInputs(data.getFeatures());
    net.setLabels(data.getLabels());
    net.computeGradientAndScore();
    return net.gradient().getGradientFor("features_W").dup();
  }

  /** The features' gradient is linear in lambda: label's - lambda * domain's. */
  @Test
  void reversalScalesTheDomainsGradient() {
    INDArray label = featureGradient(0);
    INDArray once = featureGradient(1).sub(label);
    INDArray twice = featureGradient(2).sub(label);
    assertTrue(GradientTurn.norm(once.reshape(once.length())) > 1e-3);
    assertArrayEquals(
        once.mul(2).dup().reshape(once.length()).toDoubleVector(),
        twice.reshape(twice.length()).toDoubleVector(),
        1e-12);
  }

  @Test
  void adversarialGraphTrainsAndKeepsItsJson() {
    ComputationGraphConfiguration conf = adversarial(0.5);
    ComputationGraphConfiguration copy = ComputationGraphConfiguration.fromJson(conf.toJson());
    assertEquals(conf, copy);
    assertNotEquals(adversarial(0.25), copy);
    assertEquals(conf, conf.clone());
    for (GradientListener method : List.of(new Extragradient(), new RungeKutta())) {
      ComputationGraph net = new ComputationGraph(copy.clone());
      net.init();
      net.addListeners(method);
      MultiDataSet data = twoDomains();
      double first = labelLoss(net, data);
      for (int i = 0; i < 60; i++) {
        net.fit(data);
      }
      assertTrue(labelLoss(net, data) < 0.5 * first);
      assertEquals(0, method.plainSteps());
    }
  }

  private static double labelLoss(ComputationGraph net, MultiDataSet data) {
    INDArray right = net.output(data.getFeatures(0))[0].mul(data.getLabels(0)).sum(1);
    return -org.nd4j.linalg.ops.transforms.Transforms.log(right).meanNumber().doubleValue();
  }
}
