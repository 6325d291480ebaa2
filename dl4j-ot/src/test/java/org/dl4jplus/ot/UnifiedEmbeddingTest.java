package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.embedding.FeatureHash;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class UnifiedEmbeddingTest {

  private static NetworkChecks checks(int tables) {
    return new NetworkChecks(
        InputType.feedForward(2),
        new UnifiedEmbeddingLayer.Builder()
            .buckets(5)
            .dimension(3)
            .numTables(tables)
            .chunks(2, 1)
            .build(),
        new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
  }

  private static DataSet data() {
    return new DataSet(
        Nd4j.createFromArray(new float[][] {{3, 3}, {3, 1000000}, {0, 7}}),
        Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}}));
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 413", "1, 0, 928", "0, 1, 291", "3, 2, 13"})
  void bucketsAreTheSameEverywhere(int feature, int chunk, int expected) {
    assertEquals(expected, FeatureHash.bucket(42, feature, chunk, 1000));
  }

  @Test
  void textsAreValues() {
    assertEquals(0xe71fa2190541574bL, FeatureHash.fnv1a("abc"));
    assertEquals(344, FeatureHash.bucket(FeatureHash.fnv1a("abc"), 0, 0, 1000));
  }

  /** Value 3 is looked up at several places of the batch: its gradients add. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void networks(int tables) {
    checks(tables).gradients(data()).persistence(data());
  }

  @Test
  void outputIsTheRowsOneAfterTheOther() {
    MultiLayerNetwork net = checks(2).network(DataType.DOUBLE, new Sgd(1));
    INDArray tables = net.getLayer(0).getParam("E");
    assertArrayEquals(new long[] {10, 3}, tables.shape());
    INDArray output = net.feedForward(data().getFeatures()).get(1);
    int[] rows = {
      FeatureHash.bucket(3, 0, 0, 5),
      5 + FeatureHash.bucket(3, 0, 1, 5),
      FeatureHash.bucket(1000000, 1, 0, 5)
    };
    for (int lookup = 0; lookup < 3; lookup++) {
      for (int k = 0; k < 3; k++) {
        assertEquals(
            tables.getDouble(rows[lookup], k), output.getDouble(1, 3 * lookup + k), lookup + "");
      }
    }
  }

  @Test
  void featuresHaveRowsOfTheirOwn() {
    int same = 0;
    for (int value = 0; value < 1000; value++) {
      if (FeatureHash.bucket(value, 0, 0, 1000) == FeatureHash.bucket(value, 1, 0, 1000)) {
        same++;
      }
    }
    // One of a thousand by chance; 10 is far in the tail.
    assertTrue(same < 10, "equal rows: " + same);
    assertNotEquals(FeatureHash.bucket(7, 0, 0, 1000), FeatureHash.bucket(7, 0, 1, 1000));
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("chunks", () -> new UnifiedEmbeddingLayer.Builder().build());
    assertNamed("chunks", () -> new UnifiedEmbeddingLayer.Builder().chunks(1, 0).build());
    assertNamed("buckets", () -> new UnifiedEmbeddingLayer.Builder().chunks(1).buckets(0).build());
    assertNamed("buckets", () -> FeatureHash.bucket(1, 0, 0, 0));
    MultiLayerNetwork net = checks(1).network(DataType.FLOAT, new Sgd(1));
    for (float bad : new float[] {-1, 0.5f, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertNamed(
          "whole numbers", () -> net.output(Nd4j.createFromArray(new float[][] {{1, bad}})));
    }
    assertNamed("[batch, 2]", () -> net.output(Nd4j.ones(2, 3)));
    assertThrows(
        IllegalStateException.class,
        () ->
            new NetworkChecks(
                    InputType.feedForward(3),
                    new UnifiedEmbeddingLayer.Builder().chunks(1).build(),
                    new OutputLayer.Builder().nOut(2).build())
                .network(DataType.FLOAT, new Sgd(1)));
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
