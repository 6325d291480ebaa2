package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.pooling.ZeroShotLoss;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class GspZeroShotTest {

  private static final int CLASSES = 3;

  private static DataSet data() {
    Nd4j.getRandom().setSeed(6);
    INDArray labels = Nd4j.create(DataType.FLOAT, 6, CLASSES);
    for (int i = 0; i < 6; i++) {
      labels.putScalar(i, i % CLASSES, 1);
    }
    return new DataSet(Nd4j.randn(DataType.FLOAT, 6, 2, 5), labels);
  }

  private static NetworkChecks checks(ZeroShotLoss.Split split) {
    return new NetworkChecks(
        InputType.recurrent(2),
        new GeneralizedSumPoolingLayer.Builder().numPrototypes(4).outputAttributes(true).build(),
        new GspZeroShotOutputLayer.Builder()
            .nOut(CLASSES)
            .numPrototypes(4)
            .embeddingSize(2)
            .zeroShotWeight(0.4)
            .split(split)
            .build());
  }

  @ParameterizedTest
  @EnumSource
  void networks(ZeroShotLoss.Split split) {
    checks(split).gradients(data()).persistence(data());
  }

  @Test
  void masksLeaveExamplesOut() {
    DataSet data = data();
    data.setLabelsMaskArray(Nd4j.createFromArray(1f, 0, 1, 1, 0, 1).reshape(6, 1));
    checks(ZeroShotLoss.Split.EVEN_ODD).gradients(data);
    data.setLabelsMaskArray(Nd4j.zeros(DataType.FLOAT, 6, 1));
    MultiLayerNetwork net = checks(ZeroShotLoss.Split.HALVES).network(DataType.FLOAT, new Sgd(0.1));
    INDArray before = net.params().dup();
    net.fit(data);
    assertEquals(before, net.params());
  }

  @Test
  void scoresOfExamplesHaveTheScoreAsTheirMean() {
    MultiLayerNetwork net = checks(ZeroShotLoss.Split.HALVES).network(DataType.FLOAT, new Sgd(0.1));
    assertEquals(
        net.score(data()), net.scoreExamples(data(), false).meanNumber().doubleValue(), 1e-6);
  }

  @Test
  void withOnePartThereIsNoLoss() {
    INDArray attributes = Nd4j.rand(DataType.DOUBLE, 4, 3);
    ZeroShotLoss.Result result =
        ZeroShotLoss.builder()
            .build()
            .loss(attributes, new int[] {1, 1, 1, 1}, Nd4j.rand(DataType.DOUBLE, 2, 2));
    assertEquals(0, result.loss());
    assertEquals(Nd4j.zeros(DataType.DOUBLE, 4, 3), result.ofAttributes());
    assertEquals(Nd4j.zeros(DataType.DOUBLE, 2, 2), result.ofEmbeddings());
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("ridge", () -> ZeroShotLoss.builder().ridge(0.0).build());
    assertNamed("scale", () -> ZeroShotLoss.builder().scale(-1.0).build());
    assertNamed(
        "labels",
        () -> ZeroShotLoss.builder().build().loss(Nd4j.ones(2, 3), new int[1], Nd4j.ones(2, 2)));
    assertNamed(
        "labels",
        () ->
            ZeroShotLoss.builder()
                .build()
                .loss(Nd4j.ones(2, 3), new int[] {0, 2}, Nd4j.ones(2, 2)));
    assertNamed(
        "zeroShotWeight",
        () -> new GspZeroShotOutputLayer.Builder().nOut(2).zeroShotWeight(1.1).build());
    assertNamed(
        "embeddingSize",
        () -> new GspZeroShotOutputLayer.Builder().nOut(2).embeddingSize(0).build());
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
