package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.SharpnessAwareMinimization.Variant;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

class SharpnessAwareMinimizationTest {

  /** What the 1e-12 below the line moves: rho * ||A|| / ||g|| of it, and the rounding. */
  private static final double CLOSE = 1e-12;

  private static final INDArray A =
      Nd4j.createFromArray(new double[][] {{3, 1, 0}, {1, 2, -1}, {0, -1, 1}});

  private static INDArray start() {
    return Nd4j.createFromArray(1.0, -2, 0.5);
  }

  private static INDArray gradient(SharpnessAwareMinimization sam, double scale) {
    OracleOptimizer optimizer =
        new OracleOptimizer(sam, new Sgd(0.1), Functions.quadratic(A, scale, start()));
    optimizer.step();
    return optimizer.gradient();
  }

  private static INDArray times(INDArray x) {
    return A.mmul(x.reshape(3, 1)).reshape(3);
  }

  @Test
  void onAQuadraticItIsTheClosedForm() {
    INDArray g = times(start());
    INDArray expected = times(start().add(g.mul(0.3 / g.norm2Number().doubleValue())));
    Numbers.assertClose(expected, gradient(new SharpnessAwareMinimization(0.3), 1), CLOSE);
  }

  @Test
  void theClimbDoesNotSeeTheScaleOfTheLoss() {
    SharpnessAwareMinimization sam = new SharpnessAwareMinimization(0.3);
    Numbers.assertClose(gradient(sam, 1).mul(1000), gradient(sam, 1000), 1000 * CLOSE);
  }

  @Test
  void adaptiveClimbsByMagnitude() {
    INDArray t = Nd4j.createFromArray(1.01, 2.01, 0.51);
    INDArray g = times(start());
    double norm = t.mul(g).norm2Number().doubleValue();
    INDArray expected = times(start().add(t.mul(t).mul(g).mul(0.5 / norm)));
    SharpnessAwareMinimization asam =
        SharpnessAwareMinimization.builder().rho(0.5).adaptive(true).adaptiveEta(0.01).build();
    Numbers.assertClose(expected, gradient(asam, 1), CLOSE);
  }

  @Test
  void centralizationTakesTheMeanOverTheInputs() {
    INDArray start = Nd4j.createFromArray(1.0, 2, 3, 4, 5, 7);
    INDArray asked = start.dup();
    GradientOracle oracle =
        new GradientOracle() {
          @Override
          public INDArray parameters() {
            return start;
          }

          @Override
          public double lossAndGradient(INDArray point, INDArray gradientOut) {
            asked.assign(point);
            gradientOut.assign(Nd4j.createFromArray(1.0, 3, -2, 4, 5, 3));
            return 1;
          }

          @Override
          public List<VariableShape> variables() {
            return List.of(
                new VariableShape("W", new long[] {2, 2}, VariableShape.Kind.WEIGHT),
                new VariableShape("b", new long[] {2}, VariableShape.Kind.VECTOR));
          }
        };
    SharpnessAwareMinimization sam =
        SharpnessAwareMinimization.builder().rho(1.0).gradientCentralization(true).build();
    new OracleOptimizer(sam, new Sgd(0), oracle).step();
    INDArray expected = Nd4j.createFromArray(-1.0, 1, -3, 3, 5, 3).div(8).add(start);
    Numbers.assertClose(expected, asked, CLOSE);
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void withoutReachItIsThePlainRunToTheBit(Variant variant) {
    SharpnessAwareMinimization none =
        SharpnessAwareMinimization.builder().variant(variant).rho(0.0).build();
    assertEquals(parametersOf(null), parametersOf(none));
  }

  private static INDArray parametersOf(SharpnessAwareMinimization listener) {
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Adam(0.05), 0.8));
    Nd4j.getRandom().setSeed(4);
    if (listener != null) {
      network.addListeners(listener);
    }
    for (int i = 0; i < 5; i++) {
      network.fit(Networks.data());
    }
    return network.params();
  }

  @Test
  void statisticsAndScoreAreThoseOfTheFirstPass() {
    MultiLayerNetwork plain = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    network.addListeners(new SharpnessAwareMinimization(0.5));
    plain.fit(Networks.data());
    network.fit(Networks.data());
    assertEquals(plain.score(), network.score());
    for (String key : List.of("1_mean", "1_var", "1_log10stdev")) {
      assertEquals(plain.getParam(key), network.getParam(key), key);
    }
    assertNotEquals(plain.getParam("0_W"), network.getParam("0_W"));
  }

  @Test
  void decoupledWithEqualWeightsIsSam() {
    MultiLayerNetwork sam = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    MultiLayerNetwork wsam = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    sam.addListeners(new SharpnessAwareMinimization(0.5));
    wsam.addListeners(
        SharpnessAwareMinimization.builder().variant(Variant.WSAM).gamma(0.5).rho(0.5).build());
    for (int i = 0; i < 5; i++) {
      sam.fit(Networks.data());
      wsam.fit(Networks.data());
    }
    Numbers.assertClose(sam.params(), wsam.params(), 1e-12);
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void bothKindsOfNetworkTrain(Variant variant) {
    SharpnessAwareMinimization sam =
        SharpnessAwareMinimization.builder().variant(variant).rho(0.05).k(3).build();
    DataSet data = Networks.data();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
    graph.init();
    double before = network.score(data);
    network.addListeners(sam);
    graph.addListeners(sam);
    for (int i = 0; i < 20; i++) {
      network.fit(data);
      graph.fit(data);
    }
    assertTrue(network.score(data) < 0.7 * before);
    assertTrue(graph.score(data) < 0.7 * before);
    // One listener, two networks: each has a memory of its own.
    Numbers.assertClose(network.params(), graph.params(), 1e-12);
  }

  @ParameterizedTest
  @EnumSource(
      value = Variant.class,
      names = {"LOOK", "FRIENDLY"})
  void goesOnFromASavedState(Variant variant) {
    SharpnessAwareMinimization sam =
        SharpnessAwareMinimization.builder().variant(variant).k(3).build();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    network.addListeners(sam);
    network.fit(Networks.data());
    MultiLayerNetwork other = network.clone();
    SharpnessAwareMinimization fresh =
        SharpnessAwareMinimization.builder().variant(variant).k(3).build();
    other.setListeners(fresh);
    fresh.restoreState(other, sam.state(network));
    for (int i = 0; i < 4; i++) {
      network.fit(Networks.data());
      other.fit(Networks.data());
    }
    assertArrayEquals(network.params().toDoubleVector(), other.params().toDoubleVector());
  }

  @Test
  void aSecondListenerIsRefused() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    network.addListeners(new SharpnessAwareMinimization(0.1), new FlatnessAwareMinimization());
    assertThrows(IllegalStateException.class, () -> network.fit(Networks.data()));
  }

  @Test
  void truncatedBackpropagationIsRefused() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(0.1))
            .list()
            .layer(new LSTM.Builder().nIn(2).nOut(3).build())
            .layer(
                new RnnOutputLayer.Builder(LossFunction.MSE)
                    .nIn(3)
                    .nOut(1)
                    .activation(Activation.IDENTITY)
                    .build())
            .backpropType(BackpropType.TruncatedBPTT)
            .tBPTTLength(2)
            .build();
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    network.addListeners(new SharpnessAwareMinimization(0.1));
    DataSet data = new DataSet(Nd4j.ones(1, 2, 4), Nd4j.ones(1, 1, 4));
    assertThrows(IllegalStateException.class, () -> network.fit(data));
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void aZeroGradientStaysZero(Variant variant) {
    INDArray zero = Nd4j.create(3).castTo(A.dataType());
    SharpnessAwareMinimization sam =
        SharpnessAwareMinimization.builder().variant(variant).perturbEpsilon(0.0).build();
    OracleOptimizer optimizer =
        new OracleOptimizer(sam, new Sgd(0.1), Functions.quadratic(A, 1, zero));
    for (int i = 0; i < 3; i++) {
      optimizer.step();
    }
    Numbers.assertClose(Nd4j.zeros(A.dataType(), 3), zero, 0);
  }

  @Test
  void aGradientThatIsNotFiniteUphillLeavesThePlainStep() {
    INDArray w = start();
    GradientOracle quadratic = Functions.quadratic(A, 1, w);
    GradientOracle oracle =
        new GradientOracle() {
          @Override
          public INDArray parameters() {
            return w;
          }

          @Override
          public double lossAndGradient(INDArray point, INDArray gradientOut) {
            double loss = quadratic.lossAndGradient(point, gradientOut);
            if (!point.equals(w)) {
              gradientOut.putScalar(1, Double.NaN);
            }
            return loss;
          }
        };
    SharpnessAwareMinimization sam =
        SharpnessAwareMinimization.builder().variant(Variant.WSAM).build();
    INDArray expected = start().sub(times(start()).mul(0.1));
    new OracleOptimizer(sam, new Sgd(0.1), oracle).step();
    Numbers.assertClose(expected, w, 1e-15);
    assertEquals(1, sam.plainSteps());
  }

  @Test
  void reachFollowsScheduleOrRate() {
    SharpnessAwareMinimization scheduled =
        SharpnessAwareMinimization.builder()
            .rhoSchedule(new StepSchedule(ScheduleType.ITERATION, 0.3, 0.5, 1))
            .build();
    SharpnessAwareMinimization following =
        SharpnessAwareMinimization.builder().rhoMin(0.1).rhoMax(0.5).lrMin(0.0).lrMax(0.2).build();
    INDArray expected = gradient(new SharpnessAwareMinimization(0.3), 1);
    Numbers.assertClose(expected, gradient(scheduled, 1), 1e-14);
    // The rate is 0.1, half-way.
    Numbers.assertClose(expected, gradient(following, 1), 1e-14);
  }

  @Test
  void startsLater() {
    SharpnessAwareMinimization late =
        SharpnessAwareMinimization.builder().rho(0.3).startIteration(1).build();
    Numbers.assertClose(times(start()), gradient(late, 1), 1e-15);
  }

  @Test
  void everyIsLookSam() {
    SharpnessAwareMinimization sam = SharpnessAwareMinimization.builder().every(4).build();
    assertEquals(SharpnessAwareMinimization.builder().variant(Variant.LOOK).k(4).build(), sam);
    assertEquals(0.1, sam.getRho());
  }

  @Test
  void badConfigurationsAreRefused() {
    refused("rho", SharpnessAwareMinimization.builder().rho(-0.1));
    refused("rho", SharpnessAwareMinimization.builder().rho(Double.NaN));
    refused("perturbEpsilon", SharpnessAwareMinimization.builder().perturbEpsilon(-1.0));
    refused("startIteration", SharpnessAwareMinimization.builder().startIteration(-1));
    refused("every", SharpnessAwareMinimization.builder().every(0));
    refused("every", SharpnessAwareMinimization.builder().variant(Variant.GSAM).every(2));
    refused("k", SharpnessAwareMinimization.builder().variant(Variant.LOOK).k(0));
    refused("gamma", SharpnessAwareMinimization.builder().gamma(1.0));
    refused("alpha", SharpnessAwareMinimization.builder().alpha(Double.POSITIVE_INFINITY));
    refused("lambda", SharpnessAwareMinimization.builder().lambda(1.1));
    refused("rhoMin", SharpnessAwareMinimization.builder().rhoMax(1.0));
  }

  private static void refused(
      String field, SharpnessAwareMinimization.SharpnessAwareMinimizationBuilder builder) {
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.startsWith(field), message);
  }
}
