package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.dl4jplus.ot.solver.Sinkhorn;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LossSinkhornTest {

  private static final int BINS = 4;
  private static final IActivation SOFTMAX = Activation.SOFTMAX.getActivationFunction();

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

  private static double[][] line() {
    double[][] cost = new double[BINS][BINS];
    for (int i = 0; i < BINS; i++) {
      for (int j = 0; j < BINS; j++) {
        cost[i][j] = (i - j) * (i - j);
      }
    }
    return cost;
  }

  private static LossSinkhorn loss() {
    return LossSinkhorn.builder()
        .cost(line())
        .epsilon(0.5)
        .tolerance(1e-12)
        .maxIterations(50_000)
        .build();
  }

  private static INDArray histograms(int rows, long seed) {
    INDArray raw = Nd4j.createFromArray(new Random(seed).doubles((long) rows * BINS).toArray());
    return SOFTMAX.getActivation(raw.reshape(new long[] {rows, BINS}), false);
  }

  @Test
  void aRowCostsItsTransport() {
    INDArray labels = histograms(3, 1);
    INDArray pre =
        Nd4j.createFromArray(new Random(2).doubles(12).toArray()).reshape(new long[] {3, BINS});
    INDArray output = SOFTMAX.getActivation(pre.dup(), false);
    INDArray scores = loss().computeScoreArray(labels, pre, SOFTMAX, null);
    assertArrayEquals(new long[] {3, 1}, scores.shape());
    double sum = 0;
    for (int e = 0; e < 3; e++) {
      double expected =
          Sinkhorn.builder()
              .epsilon(0.5)
              .tolerance(1e-12)
              .maxIterations(50_000)
              .build()
              .solve(line(), output.getRow(e).toDoubleVector(), labels.getRow(e).toDoubleVector())
              .regOtCost();
      assertEquals(expected, scores.getDouble(e), 1e-10);
      sum += expected;
    }
    assertEquals(sum, loss().computeScore(labels, pre, SOFTMAX, null, false), 1e-10);
    assertEquals(sum / 3, loss().computeScore(labels, pre, SOFTMAX, null, true), 1e-10);
  }

  @Test
  void networksPassTheGradientCheck() {
    LossChecks.gradients(loss(), Activation.SOFTMAX, histograms(5, 3), null);
    LossChecks.gradients(
        loss(),
        Activation.SOFTMAX,
        histograms(5, 4),
        Nd4j.createFromArray(new double[][] {{1}, {0}, {1}, {1}, {0}}));
  }

  @Test
  void jsonSavingAndTrainingOn() {
    LossChecks.survives(loss(), Activation.SOFTMAX, histograms(6, 5));
  }

  @Test
  void maskedRowsCostNothing() {
    INDArray labels = histograms(2, 6);
    INDArray pre = Nd4j.zeros(DataType.DOUBLE, 2, BINS);
    INDArray mask = Nd4j.createFromArray(new double[][] {{0}, {1}});
    assertEquals(0, loss().computeScoreArray(labels, pre, SOFTMAX, mask).getDouble(0));
    INDArray gradient = loss().computeGradient(labels, pre, SOFTMAX, mask);
    assertEquals(0, gradient.getRow(0).norm1Number().doubleValue());
    assertTrue(gradient.getRow(1).norm1Number().doubleValue() > 0);
  }

  @Test
  void emptyBinsAndSinglePrecisionAreFine() {
    INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0, 0, 0}});
    INDArray pre = Nd4j.createFromArray(new float[][] {{300, 0, 0, -300}});
    INDArray gradient =
        LossSinkhorn.builder().cost(line()).build().computeGradient(labels, pre, SOFTMAX, null);
    assertEquals(DataType.FLOAT, gradient.dataType());
    assertTrue(Double.isFinite(gradient.norm1Number().doubleValue()));
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> LossSinkhorn.builder().build());
    assertThrows(
        IllegalArgumentException.class,
        () -> LossSinkhorn.builder().cost(new double[2][3]).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> LossSinkhorn.builder().cost(line()).epsilon(0.0).build());
    INDArray pre = Nd4j.ones(DataType.DOUBLE, 2, BINS);
    assertThrows(
        IllegalArgumentException.class, () -> loss().computeScore(pre, pre, SOFTMAX, null, true));
    INDArray labels = histograms(2, 7);
    IActivation identity = Activation.IDENTITY.getActivationFunction();
    assertThrows(
        IllegalArgumentException.class,
        () -> loss().computeScore(labels, pre, identity, null, true));
    assertThrows(
        IllegalArgumentException.class, () -> loss().computeScore(labels, pre, SOFTMAX, pre, true));
    INDArray wide = Nd4j.ones(DataType.DOUBLE, 2, 5).divi(5);
    assertThrows(
        IllegalArgumentException.class, () -> loss().computeScore(wide, wide, SOFTMAX, null, true));
    assertThrows(
        IllegalArgumentException.class,
        () -> loss().computeScore(labels, wide, SOFTMAX, null, true));
  }
}
