package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.LUDecomposition;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Egn.ResetOption;
import org.dl4jplus.optim.second.curvature.GaussNewton;
import org.dl4jplus.optim.second.curvature.GaussNewtonSystem;
import org.dl4jplus.optim.second.curvature.MatrixLinearization;
import org.dl4jplus.optim.second.curvature.SmallNetworks;
import org.dl4jplus.optim.second.curvature.TapeLinearization;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMAE;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

class EgnTest {

  private static final DataSet CLASSES = SmallNetworks.classes(8, 3, 4);
  private static final DataSet NUMBERS = SmallNetworks.numbers(12, 2, 4);

  private static MultiLayerNetwork classifier(IUpdater updater) {
    return SmallNetworks.tanh(updater, new LossMCXENT(), Activation.SOFTMAX, 3);
  }

  private static MultiLayerNetwork regression(IUpdater updater) {
    return SmallNetworks.tanh(updater, new LossMSE(), Activation.IDENTITY, 2);
  }

  /** (G + lambda I) p = -g, with products of the Gauss-Newton matrix. */
  private static void checkDirection(Model network, DataSet data, double lambda, INDArray p) {
    ModelOracle oracle = SmallNetworks.oracle(network, data);
    INDArray point = oracle.parameters().dup();
    INDArray product = p.ulike();
    new GaussNewton(oracle).product(point, p, product);
    oracle.restore();
    INDArray rest = product.add(p.mul(lambda)).addi(SmallNetworks.gradient(network, data));
    assertEquals(0, GradientTurn.norm(rest), 1e-7 * (1 + GradientTurn.norm(p)));
  }

  private static INDArray direction(Egn egn, MultiLayerNetwork network, DataSet data) {
    network.setListeners(egn);
    INDArray start = network.params().dup();
    network.fit(data);
    INDArray step = network.params().sub(start);
    network.setListeners();
    network.setParams(start);
    return step;
  }

  @Test
  void theSystemGivesTheDampedGaussNewtonStep() {
    checkDirection(
        classifier(new Sgd(1)),
        CLASSES,
        0.1,
        direction(new Egn(0.1), classifier(new Sgd(1)), CLASSES));
    checkDirection(
        regression(new Sgd(1)),
        NUMBERS,
        0.3,
        direction(new Egn(0.3), regression(new Sgd(1)), NUMBERS));
    MultiLayerNetwork sigmoid =
        SmallNetworks.tanh(new Sgd(1), new LossBinaryXENT(), Activation.SIGMOID, 3);
    checkDirection(sigmoid, CLASSES, 0.1, direction(new Egn(0.1), sigmoid, CLASSES));
  }

  @Test
  void theRateScalesTheStepAndItIsADescent() {
    MultiLayerNetwork network = classifier(new Sgd(1));
    INDArray full = direction(new Egn(0.1), network, CLASSES);
    assertTrue(GradientTurn.dot(full, SmallNetworks.gradient(network, CLASSES)) < 0);
    INDArray half = direction(new Egn(0.1), classifier(new Sgd(0.5)), CLASSES);
    assertArrayEquals(full.mul(0.5).toDoubleVector(), half.toDoubleVector(), 1e-12);
  }

  @Test
  void oneStepSolvesLeastSquares() {
    MultiLayerNetwork network = SmallNetworks.linear(new LossMSE(), Activation.IDENTITY, 2, 1);
    network.setListeners(new Egn(1e-8));
    network.fit(NUMBERS);
    assertEquals(0, GradientTurn.norm(SmallNetworks.gradient(network, NUMBERS)), 1e-6);
  }

  @Test
  void theJacobianNeedNotBeFormed() {
    ComputationGraph twoOutputs =
        new ComputationGraph(
            SmallNetworks.builder(new Sgd(1))
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(3).nOut(4).build(), "in")
                .addLayer(
                    "class",
                    SmallNetworks.output(new LossMCXENT(), Activation.SOFTMAX, 4, 3),
                    "dense")
                .addLayer(
                    "number",
                    SmallNetworks.output(new LossMSE(), Activation.IDENTITY, 4, 2),
                    "dense")
                .setOutputs("class", "number")
                .build());
    twoOutputs.init();
    INDArray[] labels = {CLASSES.getLabels(), SmallNetworks.numbers(8, 2, 9).getLabels()};
    twoOutputs.setInputs(CLASSES.getFeatures());
    twoOutputs.setLabels(labels);
    checkLinearization(new ModelOracle(twoOutputs), 8, 5);
    checkLinearization(SmallNetworks.oracle(classifier(new Sgd(1)), CLASSES), 8, 3);

    twoOutputs.setListeners(new Egn(0.1));
    INDArray[] inputs = {CLASSES.getFeatures()};
    MultiDataSet both = new MultiDataSet(inputs, labels);
    double first = twoOutputs.score(both);
    for (int i = 0; i < 10; i++) {
      twoOutputs.fit(both);
    }
    assertTrue(twoOutputs.score(both) < 0.5 * first);
  }

  private static void checkLinearization(ModelOracle oracle, int examples, int outputs) {
    INDArray point = oracle.parameters().dup();
    TapeLinearization tapes = new TapeLinearization("test", oracle, point, point.ulike());
    int rows = examples * outputs;
    INDArray jacobian = Nd4j.create(DataType.DOUBLE, rows, oracle.size());
    for (int row = 0; row < rows; row++) {
      double[] unit = new double[rows];
      unit[row] = 1;
      INDArray gradient = point.ulike();
      tapes.transposeTimes(unit, gradient);
      jacobian.putRow(row, gradient);
    }
    MatrixLinearization given =
        new MatrixLinearization(jacobian, tapes.residual(), tapes.curvature());
    assertEquals(examples, tapes.examples());
    assertEquals(examples, given.examples());
    assertArrayEquals(given.gramian().data().asDouble(), tapes.gramian().data().asDouble(), 1e-12);
    INDArray v = SmallNetworks.vector(oracle.size(), 2);
    assertArrayEquals(given.times(v), tapes.times(v), 1e-12);
    // J^T r / b is the gradient, J^T Q J v / b the Gauss-Newton product.
    INDArray gradient = point.ulike();
    oracle.lossAndGradient(point, gradient);
    INDArray sum = point.ulike();
    tapes.transposeTimes(scaled(tapes.residual(), 1.0 / examples), sum);
    assertArrayEquals(gradient.toDoubleVector(), sum.toDoubleVector(), 1e-12);
    double[] image = tapes.times(v);
    double[][] q = tapes.curvature().toDoubleMatrix();
    double[] bent = new double[rows];
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < outputs; j++) {
        bent[row] += q[row][j] * image[row / outputs * outputs + j] / examples;
      }
    }
    tapes.transposeTimes(bent, sum);
    INDArray product = point.ulike();
    new GaussNewton(oracle).product(point, v, product);
    assertArrayEquals(product.toDoubleVector(), sum.toDoubleVector(), 1e-8);
    oracle.restore();
  }

  private static double[] scaled(double[] values, double factor) {
    return Arrays.stream(values).map(x -> x * factor).toArray();
  }

  @Test
  void theSystemIsSolved() {
    INDArray jacobian = SmallNetworks.vector(12 * 7, 1).reshape('c', 12, 7);
    INDArray root = SmallNetworks.vector(12 * 3, 2).reshape('c', 4, 3, 3);
    // Of rank 2: the curvature may be singular.
    root.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(2)).assign(0);
    INDArray q = Nd4j.matmul(root, root.permute(0, 2, 1)).dup('c').reshape('c', 12, 3);
    double[] residual = SmallNetworks.vector(12, 3).toDoubleVector();
    INDArray gramian = jacobian.mmul(jacobian.transpose());
    double[] found = GaussNewtonSystem.solve(gramian, q, residual, 0.2);
    double[][] matrix = new double[12][12];
    for (int row = 0; row < 12; row++) {
      for (int column = 0; column < 12; column++) {
        matrix[row][column] = row == column ? 4 * 0.2 : 0;
        for (int j = 0; j < 3; j++) {
          matrix[row][column] += q.getDouble(row, j) * gramian.getDouble(row / 3 * 3 + j, column);
        }
      }
    }
    double[] expected =
        new LUDecomposition(new Array2DRowRealMatrix(matrix))
            .getSolver()
            .solve(new ArrayRealVector(residual))
            .toArray();
    assertArrayEquals(expected, found, 1e-10);
  }

  @Test
  void whatItCannotDoIsRefusedByName() {
    refused("LossMAE", SmallNetworks.tanh(new Sgd(1), new LossMAE(), Activation.IDENTITY, 2));
    refused("tanh", SmallNetworks.tanh(new Sgd(1), new LossMSE(), Activation.TANH, 2));
    refused(
        "BatchNormalization",
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(1)),
            new DenseLayer.Builder().nIn(3).nOut(4).build(),
            new BatchNormalization.Builder().nOut(4).build(),
            SmallNetworks.output(new LossMSE(), Activation.IDENTITY, 4, 2)));
    refused("learning rate", regression(new AdaDelta()));
    MultiLayerNetwork recurrent =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(1)),
            new RnnOutputLayer.Builder(new LossMSE())
                .dataFormat(RNNFormat.NCW)
                .nIn(3)
                .nOut(2)
                .activation(Activation.IDENTITY)
                .build());
    recurrent.setListeners(new Egn());
    DataSet sequences =
        new DataSet(
            SmallNetworks.vector(4 * 3 * 5, 1).reshape('c', 4, 3, 5),
            SmallNetworks.vector(4 * 2 * 5, 2).reshape('c', 4, 2, 5));
    Exception e = assertThrows(UnsupportedOperationException.class, () -> recurrent.fit(sequences));
    assertTrue(e.getMessage().contains("one row"), e.getMessage());
  }

  private static void refused(String name, MultiLayerNetwork network) {
    network.setListeners(new Egn());
    Exception e = assertThrows(RuntimeException.class, () -> network.fit(NUMBERS));
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }

  @Test
  void searchesNeverGoUp() {
    for (ResetOption option : ResetOption.values()) {
      for (double momentum : new double[] {0, 0.9}) {
        MultiLayerNetwork network = regression(new Sgd(20));
        network.setListeners(
            Egn.builder()
                .regularizer(0.01)
                .lineSearch(true)
                .momentum(momentum)
                .resetOption(option)
                .maxLineSearch(40)
                .build());
        double last = network.score(NUMBERS);
        double first = last;
        for (int i = 0; i < 12; i++) {
          network.fit(NUMBERS);
          double now = network.score(NUMBERS);
          assertTrue(now <= last + 1e-12, option + ": " + last + " -> " + now);
          last = now;
        }
        assertTrue(last < 0.8 * first, option + ": " + first + " -> " + last);
      }
    }
  }

  /** On a slope of -1 every step wins as much as the slope promises. */
  @Test
  void theLengthFollowsTheOption() {
    assertArrayEquals(new double[] {2, 2, 2}, lengths(ResetOption.INCREASE, 2, 1e9), 1e-12);
    assertArrayEquals(new double[] {2, 2, 2}, lengths(ResetOption.GOLDSTEIN, 2, 1e9), 1e-12);
    // A wall at distance 1.5: 2*0.8^2 = 1.28 is the first step short of it.
    assertArrayEquals(
        new double[] {1.28, 1.28 * 1.5 * 0.64, 1.28 * 1.5 * 0.64 * 1.5 * 0.8},
        lengths(ResetOption.INCREASE, 2, 1.5),
        1e-12);
    assertArrayEquals(
        new double[] {1.28, 1.28, 1.28}, lengths(ResetOption.CONSERVATIVE, 2, 1.5), 1e-12);
  }

  private static double[] lengths(ResetOption option, double most, double wall) {
    INDArray w = Nd4j.create(DataType.DOUBLE, 1);
    Egn egn =
        Egn.builder()
            .lineSearch(true)
            .resetOption(option)
            .maxStepSize(most)
            .regularizer(1.0)
            .build()
            .linearizationFrom(
                turn ->
                    new MatrixLinearization(
                        Nd4j.ones(DataType.DOUBLE, 1, 1),
                        new double[] {1},
                        Nd4j.zeros(DataType.DOUBLE, 1, 1)));
    double[] start = {0};
    GradientOracle slope =
        new GradientOracle() {
          @Override
          public INDArray parameters() {
            return w;
          }

          @Override
          public double lossAndGradient(INDArray point, INDArray gradientOut) {
            gradientOut.assign(1);
            double moved = point.getDouble(0) - start[0];
            return moved < -wall ? Double.NaN : moved;
          }
        };
    OracleOptimizer optimizer = new OracleOptimizer(egn, new Sgd(0.25), slope);
    double[] lengths = new double[3];
    for (int i = 0; i < 3; i++) {
      start[0] = w.getDouble(0);
      optimizer.step();
      lengths[i] = start[0] - w.getDouble(0);
    }
    return lengths;
  }

  @Test
  void noFiniteLossLeavesTheStepOut() {
    assertArrayEquals(new double[3], lengths(ResetOption.INCREASE, 2, 0), 0);
  }

  @Test
  void dampingFollowsTheModelsQuality() {
    MultiLayerNetwork network = regression(new Sgd(1));
    Egn egn =
        Egn.builder()
            .adaptiveRegularization(true)
            .regularizer(100.0)
            .regularizerDecrease(0.5)
            .regularizerMin(20.0)
            .build();
    network.setListeners(egn);
    // A short step: the quadratic model is all but exact.
    network.fit(NUMBERS);
    assertEquals(50, lambda(egn, network), 0);
    network.fit(NUMBERS);
    network.fit(NUMBERS);
    assertEquals(20, lambda(egn, network), 0);

    MultiLayerNetwork far = classifier(new Sgd(30));
    Egn bold =
        Egn.builder()
            .adaptiveRegularization(true)
            .regularizer(1e-4)
            .regularizerIncrease(3.0)
            .build();
    far.setListeners(bold);
    far.fit(CLASSES);
    assertEquals(3e-4, lambda(bold, far), 1e-18);
  }

  private static double lambda(Egn egn, Model network) {
    return egn.state(network).scalar(2);
  }

  @Test
  void anUnsolvableSystemIsAGradientStep() {
    MultiLayerNetwork network = classifier(new Sgd(0.1));
    INDArray gradient = SmallNetworks.gradient(network, CLASSES);
    Egn broken =
        Egn.builder()
            .momentum(0.5)
            .build()
            .linearizationFrom(
                turn -> {
                  long n = turn.parameters().length();
                  return new MatrixLinearization(
                      Nd4j.ones(DataType.DOUBLE, 2, n),
                      new double[] {1, 2},
                      Nd4j.create(DataType.DOUBLE, 2, 1).assign(Double.NaN));
                });
    INDArray step = direction(broken, network, CLASSES);
    assertArrayEquals(gradient.mul(-0.1).toDoubleVector(), step.toDoubleVector(), 1e-12);
  }

  @Test
  void aZeroGradientMovesNothing() {
    MultiLayerNetwork network = SmallNetworks.linear(new LossMSE(), Activation.IDENTITY, 2, 1);
    DataSet solved = new DataSet(NUMBERS.getFeatures(), network.output(NUMBERS.getFeatures()));
    INDArray start = network.params().dup();
    network.setListeners(
        Egn.builder().momentum(0.9).lineSearch(true).adaptiveRegularization(true).build());
    network.fit(solved);
    network.fit(solved);
    assertArrayEquals(start.toDoubleVector(), network.params().toDoubleVector(), 1e-14);
  }

  @Test
  void shortBatchesAndSinglePrecisionTrain() {
    MultiLayerNetwork single =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(0.5)).dataType(DataType.FLOAT),
            new DenseLayer.Builder().nIn(3).nOut(4).build(),
            SmallNetworks.output(new LossMCXENT(), Activation.SOFTMAX, 4, 3));
    single.setListeners(
        Egn.builder().regularizer(0.1).lineSearch(true).adaptiveRegularization(true).build());
    DataSet one = SmallNetworks.classes(1, 3, 9);
    double first = single.score(CLASSES);
    for (int i = 0; i < 10; i++) {
      single.fit(CLASSES);
      single.fit(one);
    }
    assertTrue(single.score(CLASSES) < first);
    assertNotEquals(0, single.score(CLASSES));
  }

  @Test
  void aResumedRunGoesOnToTheSameBits() throws Exception {
    Egn egn =
        Egn.builder()
            .regularizer(0.1)
            .momentum(0.9)
            .lineSearch(true)
            .resetOption(ResetOption.GOLDSTEIN)
            .adaptiveRegularization(true)
            .build();
    MultiLayerNetwork whole = classifier(new Sgd(2));
    whole.setListeners(egn);
    for (int i = 0; i < 8; i++) {
      whole.fit(CLASSES);
    }
    MultiLayerNetwork network = classifier(new Sgd(2));
    network.setListeners(egn);
    for (int i = 0; i < 4; i++) {
      network.fit(CLASSES);
    }
    ByteArrayOutputStream saved = new ByteArrayOutputStream();
    ModelSerializer.writeModel(network, saved, true);
    MultiLayerNetwork restored =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(saved.toByteArray()), true);
    Egn second = FosiTest.copy(egn);
    restored.setListeners(second);
    second.restoreState(restored, FosiTest.copy(egn.state(network)));
    for (int i = 0; i < 4; i++) {
      restored.fit(CLASSES);
    }
    assertArrayEquals(whole.params().toDoubleVector(), restored.params().toDoubleVector());
  }

  @Test
  void configurationsAreCheckedAndSurviveJson() throws Exception {
    for (Egn.EgnBuilder bad :
        new Egn.EgnBuilder[] {
          Egn.builder().regularizer(0.0),
          Egn.builder().regularizer(Double.NaN),
          Egn.builder().momentum(1.0),
          Egn.builder().aggressiveness(1.0),
          Egn.builder().decreaseFactor(1.0),
          Egn.builder().increaseFactor(0.9),
          Egn.builder().maxStepSize(0.0),
          Egn.builder().maxLineSearch(0),
          Egn.builder().regularizerIncrease(0.5),
          Egn.builder().regularizerDecrease(1.0),
          Egn.builder().regularizerMin(0.0),
          Egn.builder().regularizerMin(2.0).regularizerMax(1.0)
        }) {
      assertThrows(IllegalArgumentException.class, bad::build, bad.toString());
    }
    Egn egn = Egn.builder().lineSearch(true).resetOption(ResetOption.GOLDSTEIN).build();
    var mapper = NeuralNetConfiguration.mapper();
    assertEquals(egn, mapper.readValue(mapper.writeValueAsString(egn), Egn.class));
    assertEquals(new Egn(), mapper.readValue(mapper.writeValueAsString(new Egn()), Egn.class));
  }
}
