package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.dl4jplus.ot.solver.SinkhornDivergence;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LossSinkhornDivergenceTest {

  private static final IActivation IDENTITY = Activation.IDENTITY.getActivationFunction();

  private static DataType before;

  @BeforeAll
  static void inDouble() {
    before = Nd4j.dataType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
  }

  @AfterAll
  static void asBefore() {
    Nd4j.setDefaultDataTypes(before, before);
  }

  private static LossSinkhornDivergence loss(SinkhornDivergence.Value value) {
    return LossSinkhornDivergence.builder()
        .epsilon(0.4)
        .tolerance(1e-12)
        .maxIterations(50_000)
        .value(value)
        .build();
  }

  private static INDArray points(int rows, long seed) {
    return Nd4j.createFromArray(new Random(seed).doubles(3L * rows, -1, 1).toArray())
        .reshape(new long[] {rows, 3});
  }

  @Test
  void theOrderOfTheLabelsDoesNotMatterAndRowsShareEvenly() {
    LossSinkhornDivergence loss = loss(null);
    INDArray x = points(4, 1);
    INDArray y = points(4, 2);
    double value = loss.computeScore(y, x, IDENTITY, null, false);
    INDArray turned =
        Nd4j.vstack(y.getRow(2, true), y.getRow(0, true), y.getRow(3, true), y.getRow(1, true));
    assertEquals(value, loss.computeScore(turned, x, IDENTITY, null, false), 1e-11);
    assertEquals(0, loss.computeScore(x, x, IDENTITY, null, false), 1e-11);
    INDArray scores = loss.computeScoreArray(y, x, IDENTITY, null);
    assertArrayEquals(
        new double[] {value / 4, value / 4, value / 4, value / 4}, scores.toDoubleVector(), 1e-12);
    assertEquals(value / 4, loss.computeScore(y, x, IDENTITY, null, true), 1e-12);
  }

  @Test
  void networksPassTheGradientCheck() {
    LossChecks.gradients(loss(null), Activation.IDENTITY, points(5, 3), null);
    LossChecks.gradients(loss(SinkhornDivergence.Value.SHARP), Activation.TANH, points(5, 4), null);
    LossChecks.gradients(
        loss(null),
        Activation.TANH,
        points(5, 5),
        Nd4j.createFromArray(new double[][] {{1}, {0}, {1}, {1}, {0}}));
  }

  @Test
  void jsonSavingAndTrainingOn() {
    LossChecks.survives(loss(SinkhornDivergence.Value.SHARP), Activation.IDENTITY, points(6, 6));
    LossChecks.survives(new LossSinkhornDivergence(), Activation.IDENTITY, points(6, 7));
  }

  @Test
  void maskedRowsAreLeftOutOnBothSides() {
    INDArray x = points(4, 8);
    INDArray y = points(4, 9);
    INDArray mask = Nd4j.createFromArray(new double[][] {{1}, {1}, {0}, {1}});
    INDArray few = Nd4j.vstack(x.getRow(0, true), x.getRow(1, true), x.getRow(3, true));
    INDArray fewLabels = Nd4j.vstack(y.getRow(0, true), y.getRow(1, true), y.getRow(3, true));
    LossSinkhornDivergence loss = loss(null);
    assertEquals(
        loss.computeScore(fewLabels, few, IDENTITY, null, false),
        loss.computeScore(y, x, IDENTITY, mask, false),
        1e-12);
    INDArray none = Nd4j.zeros(DataType.DOUBLE, 4, 1);
    assertEquals(0, loss.computeScore(y, x, IDENTITY, none, false));
    assertEquals(0, loss.computeGradient(y, x, IDENTITY, none).norm1Number().doubleValue());
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> LossSinkhornDivergence.builder().epsilon(-1.0).build());
    INDArray bad = points(2, 10);
    bad.putScalar(0, Double.NaN);
    assertThrows(
        IllegalArgumentException.class,
        () -> new LossSinkhornDivergence().computeScore(points(2, 11), bad, IDENTITY, null, true));
  }
}
