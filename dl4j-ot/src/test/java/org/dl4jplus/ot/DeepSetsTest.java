package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.sets.EquivariantMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

class DeepSetsTest {

  private static final int ELEMENTS = 4;

  static Stream<Arguments> variants() {
    return Stream.of(EquivariantMap.Pool.values())
        .flatMap(pool -> Stream.of(Arguments.of(1, pool), Arguments.of(2, pool)));
  }

  private static NetworkChecks checks(int variant, EquivariantMap.Pool pool) {
    return new NetworkChecks(
        InputType.recurrent(2),
        new DeepSetsEquivariantLayer.Builder()
            .nOut(3)
            .variant(variant)
            .pool(pool)
            .activation(Activation.TANH)
            .build(),
        new DeepSetsEquivariantLayer.Builder()
            .nOut(2)
            .variant(variant)
            .pool(pool)
            .activation(Activation.TANH)
            .build(),
        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
        new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
  }

  private static DataSet data() {
    Nd4j.getRandom().setSeed(8);
    return new DataSet(
        Nd4j.randn(DataType.FLOAT, 3, 2, ELEMENTS),
        Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}}));
  }

  private static DataSet masked() {
    DataSet data = data();
    data.setFeaturesMaskArray(
        Nd4j.createFromArray(new float[][] {{1, 1, 0, 1}, {1, 0, 0, 0}, {1, 1, 1, 1}}));
    return data;
  }

  @ParameterizedTest
  @MethodSource("variants")
  void networks(int variant, EquivariantMap.Pool pool) {
    checks(variant, pool).gradients(data()).gradients(masked()).persistence(data());
    checks(variant, pool).persistence(masked());
  }

  @ParameterizedTest
  @MethodSource("variants")
  void permutationsPermuteTheResult(int variant, EquivariantMap.Pool pool) {
    MultiLayerNetwork net = checks(variant, pool).network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data().getFeatures().castTo(DataType.DOUBLE);
    INDArray permuted = x.get(NDArrayIndex.all(), NDArrayIndex.all(), order());
    INDArray below = net.feedForward(x).get(2);
    INDArray belowPermuted = net.feedForward(permuted).get(2);
    assertTrue(
        below
            .get(NDArrayIndex.all(), NDArrayIndex.all(), order())
            .equalsWithEps(belowPermuted, 1e-12));
    assertTrue(net.output(x).equalsWithEps(net.output(permuted), 1e-12));
  }

  private static INDArrayIndex order() {
    return NDArrayIndex.indices(2, 0, 3, 1);
  }

  /** What is masked does not matter, and a set of masked elements only has outputs 0. */
  @Test
  void maskedElementsAreNotThere() {
    MultiLayerNetwork net =
        checks(2, EquivariantMap.Pool.MEAN).network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data().getFeatures().castTo(DataType.DOUBLE);
    INDArray mask = Nd4j.createFromArray(new double[][] {{1, 1, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}});
    net.setLayerMaskArrays(mask, null);
    INDArray output = net.feedForward(x).get(1).dup();
    net.clearLayerMaskArrays();
    INDArray two =
        net.feedForward(
                x.get(NDArrayIndex.interval(0, 1), NDArrayIndex.all(), NDArrayIndex.interval(0, 2))
                    .dup())
            .get(1);
    for (int o = 0; o < 3; o++) {
      assertEquals(two.getDouble(0, o, 1), output.getDouble(0, o, 1), 1e-14);
      for (int t = 0; t < ELEMENTS; t++) {
        assertEquals(0, output.getDouble(1, o, t));
      }
      assertEquals(0, output.getDouble(0, o, 3));
    }
  }

  @Test
  void oneElementIsASet() {
    EquivariantMap map = new EquivariantMap(1, EquivariantMap.Pool.MAX, 2, 1);
    EquivariantMap.Weights weights =
        new EquivariantMap.Weights(new double[] {3, 4}, null, new double[] {7});
    assertEquals(7, map.map(new double[] {1, 2}, weights)[0]);
  }

  @Test
  void activationIsTheNetworksIfTheLayerHasNone() {
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .activation(Activation.HARDTANH)
                .list()
                .layer(new DeepSetsEquivariantLayer.Builder().nIn(2).nOut(3).build())
                .layer(new GlobalPoolingLayer.Builder().build())
                .layer(
                    new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    net.init();
    INDArray output = net.feedForward(data().getFeatures().mul(100)).get(1);
    assertEquals(1, output.amaxNumber().doubleValue());
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("nOut", () -> new DeepSetsEquivariantLayer.Builder().nIn(2).build());
    assertNamed("variant", () -> new DeepSetsEquivariantLayer.Builder().nOut(2).variant(3).build());
    assertNamed("pool", () -> new DeepSetsEquivariantLayer.Builder().nOut(2).pool(null).build());
    assertNamed("inputs", () -> new EquivariantMap(1, EquivariantMap.Pool.MAX, 0, 2));
    assertThrows(
        IllegalStateException.class,
        () ->
            new NetworkChecks(
                    InputType.feedForward(3),
                    new DeepSetsEquivariantLayer.Builder().nOut(2).build(),
                    new OutputLayer.Builder().nOut(2).build())
                .network(DataType.FLOAT, new Sgd(1)));
    MultiLayerNetwork net = checks(2, EquivariantMap.Pool.MAX).network(DataType.FLOAT, new Sgd(1));
    assertNamed("[batch, 2, elements]", () -> net.output(Nd4j.ones(2, 5, 3)));
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
