package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Fosi.Velocity;
import org.dl4jplus.optim.second.curvature.Eigenpairs;
import org.dl4jplus.optim.second.curvature.SmallNetworks;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

class FosiTest {

  private static final DataSet DATA = SmallNetworks.classes(12, 3, 4);

  private static GradientOracle quadratic(INDArray diagonal, INDArray w) {
    return new GradientOracle() {
      @Override
      public INDArray parameters() {
        return w;
      }

      @Override
      public double lossAndGradient(INDArray point, INDArray gradientOut) {
        gradientOut.assign(point.mul(diagonal));
        return point.mul(gradientOut).sumNumber().doubleValue() / 2;
      }
    };
  }

  private static MultiLayerNetwork network(IUpdater updater) {
    return SmallNetworks.tanh(updater, new LossMCXENT(), Activation.SOFTMAX, 3);
  }

  private static Fosi.FosiBuilder often() {
    return Fosi.builder().eigenUpdateFrequency(3).warmup(2).largestEigenvalues(3);
  }

  private static INDArray trained(Fosi fosi, IUpdater updater, int steps) {
    MultiLayerNetwork network = network(updater);
    if (fosi != null) {
      network.setListeners(fosi);
    }
    for (int i = 0; i < steps; i++) {
      network.fit(DATA);
    }
    return network.params();
  }

  @Test
  void aFullNewtonStepEndsTheErrorInTheEigenvectors() {
    INDArray curvature = Nd4j.createFromArray(1.0, 50, 2, -30, 3, 100);
    INDArray w = Nd4j.createFromArray(1.0, -2, 3, 1, -1, 0.5);
    Fosi fosi =
        Fosi.builder()
            .largestEigenvalues(2)
            .smallestEigenvalues(1)
            .warmup(1)
            .alpha(1.0)
            .decay(0.0)
            .learningRateClip(1.0)
            .build();
    new OracleOptimizer(fosi, new Sgd(0.1), quadratic(curvature, w)).step();
    // At the saddle's direction it goes away from the saddle, by as much.
    assertArrayEquals(
        new double[] {0.9, 0, 2.4, 2, -0.7, 0}, w.toDoubleVector(), 1e-7, w.toString());
  }

  @Test
  void theOtherDirectionsAreSpedUpWithinTheClip() {
    for (double clip : new double[] {1, 3}) {
      INDArray w = Nd4j.createFromArray(1.0, 1, 1);
      Fosi fosi =
          Fosi.builder().largestEigenvalues(2).warmup(1).alpha(0.0).learningRateClip(clip).build();
      new OracleOptimizer(fosi, new Sgd(0.1), quadratic(Nd4j.createFromArray(1.0, 10, 20), w))
          .step();
      assertArrayEquals(new double[] {1 - 0.1 * Math.min(2, clip), 1, 1}, w.toDoubleVector(), 1e-7);
    }
  }

  @Test
  void withoutEigenvectorsItIsTheUpdaterToTheBit() {
    INDArray plain = trained(null, new Adam(0.05), 6);
    assertEquals(
        plain, trained(often().largestEigenvalues(0).build(), new Adam(0.05), 6), "no eigenpairs");
    assertEquals(plain, trained(new Fosi(), new Adam(0.05), 6), "before the warmup");
    assertNotEquals(plain, trained(often().build(), new Adam(0.05), 6));
  }

  @Test
  void theStepInTheEigenvectorsIsNewtons() {
    INDArray rows =
        Nd4j.eye(5)
            .castTo(DataType.DOUBLE)
            .get(NDArrayIndex.interval(1, 3), NDArrayIndex.all())
            .dup();
    INDArray w = Nd4j.createFromArray(1.0, 2, 3, 4, 5);
    Fosi fosi = Fosi.builder().warmup(1).alpha(0.2).decay(0.5).velocity(Velocity.MOMENTUM).build();
    fosi.eigenpairsFrom(turn -> new Eigenpairs(new double[] {2, 8}, 0, rows));
    OracleOptimizer optimizer =
        new OracleOptimizer(fosi, new Adam(0.1), quadratic(w.ulike().assign(1), w));
    INDArray first = w.dup();
    optimizer.step();
    assertEquals(2 - 0.2 / 2 * 2, w.getDouble(1), 1e-12);
    assertEquals(3 - 0.2 / 8 * 3, w.getDouble(2), 1e-12);
    assertTrue(w.getDouble(0) < first.getDouble(0));
    INDArray second = w.dup();
    optimizer.step();
    double u = second.getDouble(1) + 0.5 * 2;
    assertEquals(second.getDouble(1) - 0.2 / 2 * u, w.getDouble(1), 1e-12);
  }

  @Test
  void theVelocityFollowsTheUpdater() {
    check(new Sgd(0.1), Velocity.SGD);
    check(new Nesterovs(0.1, 0.9), Velocity.NESTEROV);
    check(new HeavyBall(0.1), Velocity.MOMENTUM);
    check(HeavyBall.builder().learningRate(0.1).nesterov(true).build(), Velocity.NESTEROV);
    check(new Adam(0.1), Velocity.ADAM);
  }

  private static void check(IUpdater updater, Velocity velocity) {
    INDArray auto = trained(often().build(), updater, 5);
    assertEquals(auto, trained(often().velocity(velocity).build(), updater, 5), "" + velocity);
    for (Velocity other : Velocity.values()) {
      if (other != Velocity.AUTO && other != velocity) {
        assertNotEquals(auto, trained(often().velocity(other).build(), updater, 5));
      }
    }
  }

  @Test
  void penaltiesAreAPartOfTheLoss() {
    double l2 = 0.3;
    MultiLayerNetwork network =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(0.1)).l2(l2),
            SmallNetworks.output(new LossMSE(), Activation.IDENTITY, 3, 2));
    network.setListeners(often().decay(0.0).alpha(1.0).smallestEigenvalues(1).build());
    DataSet data = SmallNetworks.numbers(10, 2, 3);
    for (int i = 0; i < 150; i++) {
      network.fit(data);
    }
    network.setListeners();
    INDArray gradient = SmallNetworks.gradient(network, data);
    INDArray weights = network.params().dup();
    // The bias has no penalty.
    weights.putScalar(6, 0);
    weights.putScalar(7, 0);
    assertEquals(0, GradientTurn.norm(gradient.add(weights.mul(l2))), 1e-8);
  }

  @Test
  void decayBesideTheGradientIsRefused() {
    MultiLayerNetwork network =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(0.1)).weightDecay(0.1),
            SmallNetworks.output(new LossMSE(), Activation.IDENTITY, 3, 2));
    network.setListeners(new Fosi());
    DataSet data = SmallNetworks.numbers(10, 2, 3);
    Exception e = assertThrows(UnsupportedOperationException.class, () -> network.fit(data));
    assertTrue(e.getMessage().contains("WeightDecay"), e.getMessage());
  }

  @Test
  void badCurvatureKeepsTheOld() {
    INDArray plain = trained(null, new Nesterovs(0.1), 6);
    long n = plain.length();
    INDArray rows = Nd4j.eye(n).castTo(DataType.DOUBLE);
    double[] zeros = new double[(int) n];
    double[] unknown = zeros.clone();
    unknown[2] = Double.NaN;
    double[] infinite = zeros.clone();
    infinite[2] = Double.POSITIVE_INFINITY;
    for (double[] values : new double[][] {zeros, unknown, infinite, {}}) {
      Fosi fosi = often().build().eigenpairsFrom(turn -> new Eigenpairs(values, 0, rows));
      assertEquals(plain, trained(fosi, new Nesterovs(0.1), 6));
    }
    Fosi failing =
        often()
            .build()
            .eigenpairsFrom(
                turn -> {
                  throw new ArithmeticException("not finite");
                });
    assertEquals(plain, trained(failing, new Nesterovs(0.1), 6));
    // A value beside which another is rounding.
    Fosi tiny =
        often()
            .build()
            .eigenpairsFrom(
                turn ->
                    new Eigenpairs(
                        new double[] {1e-9, 2},
                        0,
                        rows.get(NDArrayIndex.interval(0, 2), NDArrayIndex.all())));
    MultiLayerNetwork network = network(new Sgd(0.1));
    network.setListeners(tiny);
    double before = 0;
    for (int i = 0; i < 3; i++) {
      before = network.params().getDouble(0);
      network.fit(DATA);
    }
    assertEquals(before, network.params().getDouble(0), 1);
  }

  @Test
  void aZeroGradientMovesNothing() {
    INDArray w = Nd4j.create(DataType.DOUBLE, 3);
    OracleOptimizer optimizer =
        new OracleOptimizer(
            Fosi.builder().warmup(1).build(),
            new Sgd(0.1),
            quadratic(Nd4j.createFromArray(1.0, 2, 3), w));
    for (int i = 0; i < 3; i++) {
      optimizer.step();
    }
    assertEquals(Nd4j.create(DataType.DOUBLE, 3), w);
  }

  @Test
  void graphsAndSinglePrecisionTrain() {
    ComputationGraph graph =
        SmallNetworks.graph(new Nesterovs(0.05), new LossMCXENT(), Activation.SOFTMAX, 3);
    graph.setListeners(often().build());
    graph.fit(DATA);
    double first = graph.score();
    for (int i = 0; i < 40; i++) {
      graph.fit(DATA);
    }
    assertTrue(graph.score() < 0.8 * first, first + " -> " + graph.score());

    MultiLayerNetwork single =
        SmallNetworks.network(
            SmallNetworks.builder(new Adam(0.02)).dataType(DataType.FLOAT),
            new DenseLayer.Builder().nIn(3).nOut(4).build(),
            SmallNetworks.output(new LossMCXENT(), Activation.SOFTMAX, 4, 3));
    single.setListeners(often().smallestEigenvalues(1).build());
    single.fit(DATA);
    first = single.score();
    for (int i = 0; i < 40; i++) {
      single.fit(DATA);
    }
    assertTrue(single.score() < 0.9 * first, first + " -> " + single.score());
  }

  @Test
  void aResumedRunGoesOnToTheSameBits() throws Exception {
    Supplier<Fosi> fosi = () -> often().build();
    INDArray whole = trained(fosi.get(), new Nesterovs(0.1), 9);
    MultiLayerNetwork network = network(new Nesterovs(0.1));
    Fosi first = fosi.get();
    network.setListeners(first);
    for (int i = 0; i < 4; i++) {
      network.fit(DATA);
    }
    ByteArrayOutputStream saved = new ByteArrayOutputStream();
    ModelSerializer.writeModel(network, saved, true);
    GradientState state = copy(first.state(network));
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(saved.toByteArray()), true);
    Fosi second = copy(first);
    restored.setListeners(second);
    second.restoreState(restored, state);
    for (int i = 0; i < 5; i++) {
      restored.fit(DATA);
    }
    assertEquals(whole, restored.params());
  }

  @SuppressWarnings("unchecked")
  static <T> T copy(T object) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @Test
  void configurationsAreCheckedAndSurviveJson() throws Exception {
    assertThrows(
        IllegalArgumentException.class, () -> Fosi.builder().largestEigenvalues(-1).build());
    assertThrows(
        IllegalArgumentException.class, () -> Fosi.builder().smallestEigenvalues(-1).build());
    assertThrows(
        IllegalArgumentException.class, () -> Fosi.builder().eigenUpdateFrequency(0).build());
    assertThrows(IllegalArgumentException.class, () -> Fosi.builder().warmup(-1).build());
    assertThrows(IllegalArgumentException.class, () -> Fosi.builder().alpha(-0.1).build());
    assertThrows(IllegalArgumentException.class, () -> Fosi.builder().decay(1.0).build());
    assertThrows(
        IllegalArgumentException.class, () -> Fosi.builder().learningRateClip(0.5).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> Fosi.builder().learningRateClip(Double.POSITIVE_INFINITY).build());
    assertThrows(IllegalArgumentException.class, () -> Fosi.builder().lanczosOrder(0).build());
    Fosi fosi = often().learningRateClip(2.0).velocity(Velocity.NESTEROV).seed(7L).build();
    var mapper = NeuralNetConfiguration.mapper();
    assertEquals(fosi, mapper.readValue(mapper.writeValueAsString(fosi), Fosi.class));
    assertEquals(new Fosi(), mapper.readValue(mapper.writeValueAsString(new Fosi()), Fosi.class));
  }
}
