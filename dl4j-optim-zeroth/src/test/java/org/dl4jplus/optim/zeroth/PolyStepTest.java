package org.dl4jplus.optim.zeroth;

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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.layers.FloorActivation;
import org.dl4jplus.optim.zeroth.layers.SignActivation;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.search.AnnealingSchedule;
import org.dl4jplus.optim.zeroth.search.CostScale;
import org.dl4jplus.optim.zeroth.search.Polytope;
import org.dl4jplus.optim.zeroth.search.PolytopeMove;
import org.dl4jplus.optim.zeroth.search.Rotations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class PolyStepTest {

  private static final double[] START = {0.5, -1.5, 2, 0.25, -0.75};

  private static INDArray start() {
    return Nd4j.createFromArray(START.clone());
  }

  private static double sphere(INDArray x) {
    return x.mul(x).sumNumber().doubleValue();
  }

  private static double[] run(PolyStep method, ZoObjective objective, int steps) {
    INDArray x = start();
    method.minimize(objective, x, steps);
    return x.toDoubleVector();
  }

  @ParameterizedTest
  @EnumSource
  void aConstantLossMovesNothing(Polytope polytope) {
    PolyStep method = PolyStep.builder().polytope(polytope).particleDimension(3).build();
    assertArrayEquals(START, run(method, x -> 7, 3), 1e-12);
  }

  @ParameterizedTest
  @EnumSource
  void verticesAreUnitVectorsAboutZero(Polytope polytope) {
    for (int p = 1; p <= 5; p++) {
      double[] sum = new double[p];
      for (double[] vertex : polytope.vertices(p)) {
        assertEquals(1, Arrays.stream(vertex).map(v -> v * v).sum(), 1e-12);
        for (int j = 0; j < p; j++) {
          sum[j] += vertex[j];
        }
      }
      assertArrayEquals(new double[p], sum, 1e-12);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6})
  void rotationsAreOrthogonalOfDeterminantOne(int p) {
    for (int i = 0; i < 20; i++) {
      double[][] rotation = Rotations.haar(3).rotation(5, i, p);
      INDArray r = Nd4j.createFromArray(rotation);
      INDArray product = r.mmul(r.transpose());
      assertTrue(product.equalsWithEps(Nd4j.eye(p).castTo(DataType.DOUBLE), 1e-12));
      assertEquals(1, determinant(rotation), 1e-10);
      assertArrayEquals(rotation[0], Rotations.haar(3).rotation(5, i, p)[0]);
    }
  }

  private static double determinant(double[][] a) {
    if (a.length == 1) {
      return a[0][0];
    }
    double sum = 0;
    for (int c = 0; c < a.length; c++) {
      double[][] minor = new double[a.length - 1][a.length - 1];
      for (int i = 1; i < a.length; i++) {
        for (int j = 0, k = 0; j < a.length; j++) {
          if (j != c) {
            minor[i - 1][k++] = a[i][j];
          }
        }
      }
      sum += (c % 2 == 0 ? 1 : -1) * a[0][c] * determinant(minor);
    }
    return sum;
  }

  @Test
  void withoutTemperatureTheBestVertexIsTaken() {
    PolyStep method = PolyStep.builder().epsilon(1e-9).stepRadius(0.3).build();
    PolyStepES search = new PolyStepES(method, new double[][] {START});
    double[][] candidates = search.ask();
    double[] costs = new double[candidates.length];
    int best = 0;
    for (int c = 0; c < costs.length; c++) {
      costs[c] = sphere(Nd4j.createFromArray(candidates[c]));
      best = costs[c] < costs[best] ? c : best;
    }
    search.tell(costs);
    assertArrayEquals(candidates[best], search.particles()[0], 1e-12);
    assertArrayEquals(candidates[best], search.best());
    assertEquals(costs[best], search.bestFitness());
  }

  @Test
  void schedulesMayEndAtZeroAndMustBeNumbers() {
    ISchedule zero = new MapSchedule(ScheduleType.ITERATION, Map.of(0, 0.0));
    PolyStep cold = PolyStep.builder().epsilonSchedule(zero).build();
    PolyStepES search = new PolyStepES(cold, new double[][] {START});
    double best = search.minimize(PolyStepTest::sphere, 10);
    assertArrayEquals(search.best(), search.particles()[0], 1e-12);
    assertTrue(best < sphere(start()));
    ISchedule none = new MapSchedule(ScheduleType.ITERATION, Map.of(0, Double.NaN));
    PolyStep broken = PolyStep.builder().stepRadiusSchedule(none).build();
    INDArray x = start();
    assertThrows(IllegalArgumentException.class, () -> broken.minimize(PolyStepTest::sphere, x, 1));
    assertArrayEquals(START, x.toDoubleVector());
  }

  @Test
  void addingAConstantToTheCostsChangesNothing() {
    PolyStep method = new PolyStep();
    double[] moved = run(method, PolyStepTest::sphere, 4);
    assertArrayEquals(moved, run(method, x -> sphere(x) + 3, 4), 1e-12);
    assertTrue(sphere(Nd4j.createFromArray(moved)) < sphere(start()));
  }

  @Test
  void everyScaleDividesByWhatItSays() {
    double[][] costs = {{1, -3}, {2, 6}};
    assertEquals(1, CostScale.NONE.divisor(costs));
    assertEquals(3, CostScale.MEAN.divisor(costs));
    assertEquals(6, CostScale.MAX.divisor(costs));
    assertEquals(1e-10, CostScale.MAX.divisor(new double[2][2]));
    PolyStep divided = PolyStep.builder().costDivisor(6.0).build();
    PolyStep scaled = PolyStep.builder().costScale(CostScale.NONE).build();
    assertArrayEquals(
        run(scaled, x -> sphere(x) / 6, 3), run(divided, PolyStepTest::sphere, 3), 1e-12);
  }

  @Test
  void aStepTakesTheLossesThatItSays() {
    INDArray x = start();
    ZoProblem problem = ZoProblem.of(PolyStepTest::sphere, x);
    PolyStep method = PolyStep.builder().probes(3).build();
    method.step(
        new ZoStep(problem, new Perturber(x, problem.stretches()), 0, 0, new GradientState()));
    // Three rows of two entries, the last one padded.
    assertEquals(3 * 4 * 3, problem.evaluations());
  }

  @Test
  void whatMayNotMoveStays() {
    INDArray x = start();
    ZoProblem problem =
        ZoProblem.of(
            PolyStepTest::sphere, x, List.of(new Stretch(0, 1, true), new Stretch(3, 5, false)));
    Perturber perturber = new Perturber(x, problem.stretches());
    for (int t = 0; t < 3; t++) {
      new PolyStep().step(new ZoStep(problem, perturber, t, 0, new GradientState()));
    }
    assertEquals(START[1], x.getDouble(1));
    assertEquals(START[2], x.getDouble(2));
    for (int i : new int[] {0, 3, 4}) {
      assertNotEquals(START[i], x.getDouble(i));
    }
  }

  @Test
  void lossesThatAreNotFiniteAreWorst() {
    double[][] costs = {{1, Double.NaN}, {Double.POSITIVE_INFINITY, -4}};
    assertEquals(2, PolytopeMove.replaceNonFinite(costs));
    assertArrayEquals(new double[] {1, 9}, costs[0]);
    assertArrayEquals(new double[] {9, -4}, costs[1]);
    INDArray x = start();
    assertTrue(Double.isNaN(new PolyStep().minimize(y -> Double.NaN, x, 2)));
    assertArrayEquals(START, x.toDoubleVector());
    double[] moved = run(new PolyStep(), y -> y.getDouble(0) > 0.5 ? Double.NaN : sphere(y), 5);
    assertTrue(moved[0] < START[0]);
    PolyStepES search = new PolyStepES(new PolyStep(), new double[][] {START});
    double[] nothing = new double[search.ask().length];
    Arrays.fill(nothing, Double.NaN);
    search.tell(nothing);
    assertArrayEquals(START, search.particles()[0], 1e-12);
    assertEquals(Double.POSITIVE_INFINITY, search.bestFitness());
  }

  @Test
  void aFunctionThatThrowsLeavesTheParameters() {
    INDArray x = start();
    int[] calls = {0};
    ZoObjective throwing =
        y -> {
          if (++calls[0] == 6) {
            throw new IllegalStateException("no value");
          }
          return sphere(y);
        };
    PolyStep method = new PolyStep();
    assertThrows(IllegalStateException.class, () -> method.minimize(throwing, x, 1));
    assertArrayEquals(START, x.toDoubleVector());
  }

  private static MultiLayerNetwork network(IActivation activation) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .list()
                .layer(new DenseLayer.Builder().nIn(2).nOut(4).activation(activation).build())
                .layer(new OutputLayer.Builder().nIn(4).nOut(2).build())
                .build());
    network.init();
    return network;
  }

  private static DataSet data() {
    INDArray x = Nd4j.createFromArray(new float[][] {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}});
    INDArray y = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}, {1, 0}});
    return new DataSet(x, y);
  }

  @Test
  void fitTrainsThroughActivationsWithoutAGradient() throws IOException {
    for (IActivation activation : List.of(new FloorActivation(4.0), new SignActivation())) {
      MultiLayerNetwork network = network(activation);
      DataSet data = data();
      assertThrows(UnsupportedOperationException.class, () -> network.clone().fit(data));
      ZerothOrder.attach(network, PolyStep.builder().stepRadius(0.5).build());
      double before = network.score(data);
      for (int i = 0; i < 8; i++) {
        network.fit(data);
      }
      assertTrue(network.score(data) < before, activation + ": " + network.score(data));
      String json = network.getLayerWiseConfigurations().toJson();
      assertEquals(json, MultiLayerConfiguration.fromJson(json).toJson());
      assertTrue(activation.toString().contains("x"));
    }
  }

  @Test
  void activationsDoWhatTheySay() {
    INDArray x = Nd4j.createFromArray(-0.3, 0, 0.3, 0.8);
    assertArrayEquals(
        new double[] {-0.5, 0, 0.25, 0.75},
        new FloorActivation(4.0).getActivation(x.dup(), false).toDoubleVector());
    assertArrayEquals(
        new double[] {-1, 0, 1, 1},
        new SignActivation().getActivation(x.dup(), false).toDoubleVector());
    assertThrows(IllegalArgumentException.class, () -> new FloorActivation(0.0));
  }

  @Test
  void aResumedRunGoesOnToTheSameBits() {
    PolyStep method =
        PolyStep.builder()
            .momentum(0.5)
            .learningRate(0.5)
            .adaptiveRadius(true)
            .radiusJitter(0.05)
            .epsilonSchedule(AnnealingSchedule.builder().init(0.2).build())
            .build();
    MultiLayerNetwork whole = ZerothOrder.attach(network(new FloorActivation(4.0)), method);
    DataSet data = data();
    for (int i = 0; i < 3; i++) {
      whole.fit(data);
    }
    MultiLayerNetwork resumed = ZerothOrder.attach(whole.clone(), method);
    ZerothOrder.of(resumed).restoreState(ZerothOrder.of(whole).state());
    for (int i = 0; i < 3; i++) {
      whole.fit(data);
      resumed.fit(data);
    }
    assertEquals(whole.params(), resumed.params());
  }

  @Test
  void aSearchThatWasWrittenGoesOnToTheSameBits() throws IOException, ClassNotFoundException {
    PolyStep method = PolyStep.builder().stepRadius(0.2).build();
    PolyStepES search = new PolyStepES(method, new double[][] {START, {1, 1, 1, 1, 1}});
    search.minimize(PolyStepTest::sphere, 60);
    assertEquals(3, search.iteration());
    assertEquals(60, search.evaluations());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(search);
    }
    PolyStepES read;
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      read = (PolyStepES) in.readObject();
    }
    double best = search.minimize(PolyStepTest::sphere, 100);
    assertEquals(best, read.minimize(PolyStepTest::sphere, 100));
    assertArrayEquals(search.particles(), read.particles());
  }

  @Test
  void radiiGrowWhereNothingChanges() {
    INDArray x = start();
    PolyStep method = PolyStep.builder().adaptiveRadius(true).build();
    ZoProblem flat = ZoProblem.of(y -> 2, x);
    Perturber perturber = new Perturber(x, flat.stretches());
    GradientState state = new GradientState();
    for (int t = 0; t < 11; t++) {
      assertEquals(t == 0 ? 0 : 1, state.scalar(0));
      method.step(new ZoStep(flat, perturber, t, 0, state));
    }
    assertEquals(1.5, state.scalar(0));
    ZoProblem better = ZoProblem.of(y -> 1, x);
    method.step(new ZoStep(better, perturber, 11, 0, state));
    assertEquals(0.9 * 1.5, state.scalar(0));
  }

  @Test
  void configurationsAreWrittenAndChecked() throws IOException {
    PolyStep method =
        PolyStep.builder()
            .polytope(Polytope.CUBE)
            .particleDimension(4)
            .costScale(CostScale.MAX)
            .stepRadiusSchedule(
                AnnealingSchedule.builder().kind(AnnealingSchedule.Kind.LINEAR).build())
            .seed(9L)
            .build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZerothOrderMethod.class));
    assertThrows(
        IllegalArgumentException.class, () -> PolyStep.builder().epsilon(Double.NaN).build());
    assertThrows(
        IllegalArgumentException.class, () -> PolyStep.builder().particleDimension(0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> PolyStep.builder().polytope(Polytope.CUBE).particleDimension(17).build());
    assertThrows(
        IllegalArgumentException.class, () -> AnnealingSchedule.builder().decay(0.0).build());
    assertThrows(
        IllegalArgumentException.class, () -> AnnealingSchedule.builder().restartMult(0.5).build());
    assertThrows(IllegalArgumentException.class, () -> new PolyStepES(method, new double[0][]));
    assertThrows(
        IllegalArgumentException.class, () -> new PolyStepES(method, new double[][] {{1}, {1, 2}}));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PolyStepES(method, new double[][] {{1, 0.0 / 0}}));
    PolyStepES search = new PolyStepES(method, new double[][] {{1, 2}});
    assertThrows(IllegalStateException.class, () -> search.tell(new double[4]));
    search.ask();
    assertThrows(IllegalArgumentException.class, () -> search.tell(new double[3]));
  }
}
