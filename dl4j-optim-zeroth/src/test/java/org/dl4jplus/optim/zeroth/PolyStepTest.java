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
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.layers.FloorActivation;
import org.dl4jplus.optim.zeroth.layers.SignActivation;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.search.AnnealingSchedule;
import org.dl4jplus.optim.zeroth.search.CostScale;
import org.dl4jplus.optim.zeroth.search.Polytope;
import org.dl4jplus.optim.zeroth.search.PolytopeMove;
import org.dl4jplus.optim.zeroth.search.Rotations;
import org.dl4jplus.optim.zeroth.search.Subspace;
import org.dl4jplus.optim.zeroth.search.Subspace.Move;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
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
    assertArrayEquals(whole.params().toDoubleVector(), resumed.params().toDoubleVector());
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

  private static ZoProblem matrices() {
    // A matrix of [4, 6], a vector of 4 and, after a gap, a matrix of [3, 2].
    return new ZoProblem() {
      private final INDArray parameters = Nd4j.zeros(DataType.DOUBLE, 40);

      @Override
      public INDArray parameters() {
        return parameters;
      }

      @Override
      public List<Stretch> stretches() {
        return List.of(
            new Stretch(0, 24, true), new Stretch(24, 28, false), new Stretch(30, 36, true));
      }

      @Override
      public int rows(int stretch) {
        return new int[] {4, 1, 3}[stretch];
      }

      @Override
      public double loss() {
        return 0;
      }

      @Override
      public long evaluations() {
        return 0;
      }
    };
  }

  private static double[] column(Subspace space, int coordinate) {
    Move move = new Move(40);
    space.add(coordinate, 1, move);
    double[] column = new double[40];
    for (int i = 0; i < move.count(); i++) {
      column[move.entry(i)] = move.by(move.entry(i));
    }
    move.clear();
    assertEquals(0, move.count());
    return column;
  }

  @Test
  void denseProjectionsAreOrthonormalInEachMatrix() {
    Subspace space = new Subspace(matrices(), Subspace.Kind.HYBRID, 2, 0, 5, 0);
    // 2 (4 + 6) and 2 (3 + 2), more than the 6 entries, and the vector's entries between them.
    assertEquals(20 + 4 + 10, space.size());
    double[][] columns = new double[space.size()][];
    for (int c = 0; c < columns.length; c++) {
      columns[c] = column(space, c);
      for (int i = 0; i < 40; i++) {
        boolean own = c < 20 ? i < 24 : c < 24 ? i == c + 4 : i >= 30 && i < 36;
        assertEquals(own, columns[c][i] != 0, "entry " + i + " of column " + c);
      }
    }
    for (int c = 0; c < 24; c++) {
      for (int d = 0; d < 24; d++) {
        double dot = 0;
        for (int i = 0; i < 40; i++) {
          dot += columns[c][i] * columns[d][i];
        }
        assertEquals(c == d ? 1 : 0, dot, 1e-12);
      }
    }
    assertArrayEquals(
        columns[3], column(new Subspace(matrices(), Subspace.Kind.HYBRID, 2, 0, 5, 0), 3));
    double[] other = column(new Subspace(matrices(), Subspace.Kind.HYBRID, 2, 0, 5, 1), 3);
    assertNotEquals(columns[3][0], other[0]);
  }

  @Test
  void sparseProjectionsMoveFewEntriesAndHoldNothing() {
    Subspace space = new Subspace(matrices(), Subspace.Kind.SPARSE, 1, 0, 5, 0);
    // 4 + 6, the vector, and 3 + 2, each of which moves ceil(3 * 6 / 5) entries.
    assertEquals(10 + 4 + 5, space.size());
    int each = 8;
    for (int c = 0; c < 10; c++) {
      double[] column = column(space, c);
      double sum = 0;
      for (double by : column) {
        // An entry that is chosen twice moves twice or not at all.
        assertEquals(Math.rint(by * Math.sqrt(each)), by * Math.sqrt(each), 1e-12);
        sum += Math.abs(by * Math.sqrt(each));
      }
      assertTrue(sum <= each + 1e-9 && sum > 0, "moves " + sum);
    }
    assertEquals(1, column(space, 12)[26]);
    // Two rows more would be more coordinates than entries: then the entries are the coordinates.
    Subspace wide = new Subspace(matrices(), Subspace.Kind.SPARSE, 2, 0, 5, 0);
    assertEquals(20 + 4 + 6, wide.size());
    assertEquals(1, column(wide, 24)[30]);
    assertEquals(34, new Subspace(matrices(), Subspace.Kind.FULL, 1, 0, 5, 0).size());
  }

  @Test
  void aBoundShrinksTheMatricesAlike() {
    assertEquals(10 + 4 + 5, new Subspace(matrices(), Subspace.Kind.HYBRID, 2, 19, 5, 0).size());
    assertEquals(1 + 4 + 1, new Subspace(matrices(), Subspace.Kind.HYBRID, 2, 1, 5, 0).size());
    assertEquals(34, new Subspace(matrices(), Subspace.Kind.HYBRID, 2, 99, 5, 0).size());
  }

  private static MultiLayerNetwork wide() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(2)
                        .nOut(6)
                        .activation(new FloorActivation(4.0))
                        .build())
                .layer(
                    new DenseLayer.Builder()
                        .nIn(6)
                        .nOut(6)
                        .activation(new SignActivation())
                        .build())
                .layer(new OutputLayer.Builder().nIn(6).nOut(2).build())
                .build());
    network.init();
    return network;
  }

  @ParameterizedTest
  @EnumSource
  void everySubspaceTrainsAndResumesToTheSameBits(Subspace.Kind kind) {
    PolyStep method =
        PolyStep.builder()
            .subspace(kind)
            .rank(1)
            .stepRadius(0.5)
            .absorbEvery(3)
            .momentum(0.3)
            .threads(kind == Subspace.Kind.SPARSE ? 2 : 1)
            .build();
    MultiLayerNetwork whole = ZerothOrder.attach(wide(), method);
    DataSet data = data();
    double before = whole.score(data);
    for (int i = 0; i < 4; i++) {
      whole.fit(data);
    }
    MultiLayerNetwork resumed = ZerothOrder.attach(whole.clone(), method);
    ZerothOrder.of(resumed).restoreState(ZerothOrder.of(whole).state());
    for (int i = 0; i < 4; i++) {
      whole.fit(data);
      resumed.fit(data);
    }
    assertArrayEquals(whole.params().toDoubleVector(), resumed.params().toDoubleVector());
    assertTrue(whole.score(data) < before, before + " to " + whole.score(data));
    // Rows of 8 coordinates in a subspace, of 2 in the full space, each with both signs.
    int coordinates = kind == Subspace.Kind.FULL ? 74 : 8 + 6 + 12 + 6 + 8 + 2;
    int row = kind == Subspace.Kind.FULL ? 2 : 8;
    assertEquals(
        8L * ((coordinates + row - 1) / row) * 2 * row, ZerothOrder.of(whole).evaluations());
  }

  @Test
  void onlyTheSubspaceIsSearchedUntilThereIsAnother() {
    PolyStep method =
        PolyStep.builder().subspace(Subspace.Kind.HYBRID).rank(1).absorbEvery(2).build();
    MultiLayerNetwork network = ZerothOrder.attach(wide(), method);
    double[] start = network.getParam("1_W").dup('f').data().asDouble();
    double[] left = new double[4];
    Subspace space =
        new Subspace(
            new ModelObjective(network),
            Subspace.Kind.HYBRID,
            1,
            0,
            CounterNoise.deriveSeed(0, -2),
            0);
    // Coordinates 8 + 6 to 8 + 6 + 12 are those of the second layer's weights.
    int from = 2 * 6 + 6;
    for (int t = 0; t < 4; t++) {
      network.fit(data());
      double[] moved = network.getParam("1_W").dup('f').data().asDouble();
      double all = 0;
      double inside = 0;
      for (int i = 0; i < moved.length; i++) {
        moved[i] -= start[i];
        all += moved[i] * moved[i];
      }
      for (int c = 14; c < 26; c++) {
        Move move = new Move(Math.toIntExact(network.numParams()));
        space.add(c, 1, move);
        double dot = 0;
        for (int i = 0; i < moved.length; i++) {
          dot += moved[i] * move.by(from + i);
        }
        inside += dot * dot;
      }
      left[t] = 1 - inside / all;
    }
    assertEquals(0, left[1], 1e-6);
    assertTrue(left[3] > 1e-3, "outside of the first subspace " + left[3]);
  }

  @Test
  void threadsChangeNoBit() {
    for (boolean graph : new boolean[] {false, true}) {
      INDArray first = null;
      for (int threads : new int[] {1, 3, 0}) {
        PolyStep method = PolyStep.builder().stepRadius(0.5).probes(2).threads(threads).build();
        MultiLayerNetwork layers = network(new FloorActivation(4.0));
        Model network = graph ? layers.toComputationGraph() : layers;
        ZerothOrder.attach(network, method);
        for (int i = 0; i < 2; i++) {
          if (network instanceof ComputationGraph own) {
            own.fit(data());
          } else {
            ((MultiLayerNetwork) network).fit(data());
          }
        }
        first = first == null ? network.params() : first;
        assertEquals(first, network.params(), threads + " threads");
        assertEquals(2L * 11 * 4 * 2, ZerothOrder.of(network).evaluations());
      }
    }
  }

  @Test
  void masksCountOnEveryThread() {
    INDArray x = Nd4j.rand(DataType.FLOAT, 2, 2, 5);
    INDArray y = Nd4j.zeros(DataType.FLOAT, 2, 2, 5);
    y.get(NDArrayIndex.all(), NDArrayIndex.point(0)).assign(1);
    INDArray mask = Nd4j.ones(DataType.FLOAT, 2, 5);
    mask.putScalar(1, 3, 0).putScalar(1, 4, 0);
    INDArray other = x.dup();
    other.putScalar(new int[] {1, 0, 4}, 99);
    INDArray[] ends = new INDArray[4];
    for (int i = 0; i < 4; i++) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .seed(7)
                  .list()
                  .layer(new LSTM.Builder().nIn(2).nOut(2).build())
                  .layer(new RnnOutputLayer.Builder().nIn(2).nOut(2).build())
                  .build());
      network.init();
      PolyStep method = PolyStep.builder().threads(1 + i / 2).build();
      ZerothOrder.attach(network, method);
      network.fit(new DataSet(i % 2 == 0 ? x : other, y, mask, mask));
      ends[i] = network.params();
    }
    for (int i = 1; i < 4; i++) {
      assertEquals(ends[0], ends[i]);
    }
  }

  /** A layer that fails on some thread fails the step, and the network stays as it was. */
  @Test
  void aLossThatThrowsOnAThreadLeavesTheNetwork() {
    MultiLayerNetwork network = network(new FloorActivation(4.0));
    ZerothOrder.attach(network, PolyStep.builder().threads(2).build());
    INDArray before = network.params().dup();
    DataSet wrong = new DataSet(Nd4j.zeros(DataType.FLOAT, 4, 3), data().getLabels());
    assertThrows(RuntimeException.class, () -> network.fit(wrong));
    assertEquals(before, network.params());
  }

  @Test
  void largeNetworksGetASparseSubspace() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(150)
                        .nOut(140)
                        .activation(new SignActivation())
                        .build())
                .layer(new OutputLayer.Builder().nIn(140).nOut(2).build())
                .build());
    network.init();
    PolyStep method = PolyStep.builder().rank(1).build();
    DataSet data = new DataSet(Nd4j.rand(DataType.FLOAT, 4, 150), data().getLabels());
    ZerothOrder.attach(network, method);
    network.fit(data);
    // The biases, and rows and columns of both matrices; 574 in 72 rows.
    assertEquals(2 * 8 * 72, ZerothOrder.of(network).evaluations());
    PolyStep dense = PolyStep.builder().subspace(Subspace.Kind.HYBRID).build();
    MultiLayerNetwork other = ZerothOrder.attach(network.clone(), dense);
    Exception e = assertThrows(IllegalArgumentException.class, () -> other.fit(data));
    assertTrue(e.getMessage().contains("use SPARSE"), e.getMessage());
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
            .subspace(Subspace.Kind.HYBRID)
            .absorbEvery(5)
            .threads(2)
            .seed(9L)
            .build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZerothOrderMethod.class));
    assertThrows(
        IllegalArgumentException.class, () -> PolyStep.builder().epsilon(Double.NaN).build());
    assertThrows(
        IllegalArgumentException.class, () -> PolyStep.builder().particleDimension(0).build());
    assertThrows(IllegalArgumentException.class, () -> PolyStep.builder().rank(0).build());
    assertThrows(IllegalArgumentException.class, () -> PolyStep.builder().threads(-1).build());
    assertThrows(IllegalArgumentException.class, () -> PolyStep.builder().absorbEvery(-1).build());
    assertThrows(
        IllegalArgumentException.class, () -> PolyStep.builder().maxCoordinates(-1).build());
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
