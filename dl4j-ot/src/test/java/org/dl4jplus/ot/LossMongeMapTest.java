package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.solver.MongeGap;
import org.dl4jplus.ot.solver.SinkhornDivergence;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

class LossMongeMapTest {

  private static final IActivation IDENTITY = Activation.IDENTITY.getActivationFunction();

  private static LossMongeMap loss(double lambda, double power) {
    return LossMongeMap.builder()
        .lambda(lambda)
        .epsilon(0.3)
        .gapEpsilon(0.2)
        .power(power)
        .tolerance(1e-12)
        .maxIterations(50_000)
        .build();
  }

  private static INDArray points(int rows, long seed) {
    return Nd4j.createFromArray(new Random(seed).doubles(2L * rows, -1, 1).toArray())
        .reshape(new long[] {rows, 2});
  }

  private static NetworkChecks checks(LossMongeMap loss) {
    return new NetworkChecks(
        InputType.feedForward(2),
        new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build(),
        new OutputLayer.Builder(loss).nOut(2).activation(Activation.IDENTITY).build());
  }

  @Test
  void networks() {
    DataSet data = LossMongeMap.data(points(5, 1), points(5, 2));
    checks(loss(0.7, 2)).gradients(data);
    checks(loss(0.7, 3)).gradients(data);
    data.setLabelsMaskArray(Nd4j.createFromArray(new double[][] {{1}, {0}, {1}, {1}, {0}}));
    checks(loss(0.7, 2)).gradients(data);
    INDArray x = points(6, 3).castTo(DataType.FLOAT);
    checks(new LossMongeMap()).persistence(LossMongeMap.data(x, x.add(1)));
  }

  @Test
  void theLossIsTheDivergenceAndTheGap() {
    INDArray x = points(5, 4);
    INDArray y = points(5, 5);
    INDArray images = points(5, 6);
    INDArray labels = LossMongeMap.data(x, y).getLabels();
    double divergence =
        SinkhornDivergence.builder()
            .epsilon(0.3)
            .tolerance(1e-12)
            .maxIterations(50_000)
            .build()
            .solve(images.toDoubleMatrix(), y.toDoubleMatrix(), null, null)
            .value();
    double gap =
        MongeGap.builder()
            .epsilon(0.2)
            .build()
            .evaluate(x.toDoubleMatrix(), images.toDoubleMatrix())
            .value();
    assertEquals(
        divergence + 0.7 * gap,
        loss(0.7, 2).computeScore(labels, images, IDENTITY, null, false),
        1e-9);
    assertEquals(divergence, loss(0, 2).computeScore(labels, images, IDENTITY, null, false), 1e-12);
  }

  @Test
  void maskedRowsAreLeftOut() {
    INDArray labels = LossMongeMap.data(points(4, 7), points(4, 8)).getLabels();
    INDArray images = points(4, 9);
    INDArray mask = Nd4j.createFromArray(new double[][] {{1}, {1}, {1}, {0}});
    LossMongeMap loss = loss(1, 2);
    INDArray first = Nd4j.vstack(rows(labels));
    assertEquals(
        loss.computeScore(first, Nd4j.vstack(rows(images)), IDENTITY, null, false),
        loss.computeScore(labels, images, IDENTITY, mask, false),
        1e-12);
    INDArray none = Nd4j.zeros(DataType.DOUBLE, 4, 1);
    assertEquals(0, loss.computeScore(labels, images, IDENTITY, none, false));
  }

  private static INDArray[] rows(INDArray array) {
    return new INDArray[] {array.getRow(0, true), array.getRow(1, true), array.getRow(2, true)};
  }

  /** A network learns a shift, whose gap is that of the entropy alone. */
  @Test
  void aNetworkLearnsAMap() {
    MultiLayerNetwork net = checks(new LossMongeMap()).network(DataType.DOUBLE, new Adam(0.02));
    INDArray x = points(16, 10);
    DataSet data = LossMongeMap.data(x, points(16, 11).addi(2));
    double start = net.score(data);
    for (int step = 0; step < 100; step++) {
      net.fit(data);
    }
    assertTrue(net.score(data) < start / 4, start + " to " + net.score(data));
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> loss(-1, 2));
    assertThrows(IllegalArgumentException.class, () -> loss(1, 0.5));
    assertThrows(
        IllegalArgumentException.class, () -> LossMongeMap.data(points(2, 1), points(3, 1)));
    LossMongeMap loss = new LossMongeMap();
    INDArray x = points(2, 1);
    assertThrows(
        IllegalArgumentException.class, () -> loss.computeScore(x, x, IDENTITY, null, true));
  }
}
