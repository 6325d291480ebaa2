package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.UniformDistribution;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.solver.MirrorSinkhorn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class MirrorSinkhornRegularizationTest {

  private static MirrorSinkhornRegularization of(int rows, boolean columnMajor) {
    return MirrorSinkhornRegularization.builder().rows(rows).columnMajor(columnMajor).build();
  }

  @ParameterizedTest
  @ValueSource(chars = {'c', 'f'})
  void theStepIsTheSolversOnAFlatView(char order) {
    double[] gradient = new Random(1).doubles(6, -1, 1).toArray();
    double[] ones = {1, 1};
    double[] thirds = {2 / 3.0, 2 / 3.0, 2 / 3.0};
    MirrorSinkhorn.Path path =
        MirrorSinkhorn.builder()
            .iterations(4)
            .stepSize(0.3)
            .schedule(MirrorSinkhorn.Schedule.CONSTANT)
            .build()
            .minimize(x -> gradient, ones, thirds);
    INDArray matrix = Nd4j.valueArrayOf(new long[] {2, 3}, 2 / 3.0, DataType.DOUBLE);
    INDArray flat = matrix.dup(order).reshape(order, new long[] {6});
    for (int t = 0; t < 4; t++) {
      INDArray step =
          Nd4j.create(gradient, new long[] {2, 3}, 'c')
              .mul(0.3)
              .dup(order)
              .reshape(order, new long[] {6});
      of(2, order == 'f').apply(flat, step, 0.3, t, 0);
      flat.subi(step);
    }
    double[] result = flat.reshape(order, new long[] {2, 3}).dup('c').data().asDouble();
    assertArrayEquals(path.last(), result, 1e-14);
  }

  @Test
  void aNetworksWeightsStayDoublyStochastic() {
    OutputLayer layer =
        new OutputLayer.Builder(LossFunction.MSE)
            .nIn(4)
            .nOut(4)
            .activation(Activation.IDENTITY)
            .weightInit(new UniformDistribution(0.2, 0.3))
            .build();
    layer.setRegularization(List.of(of(4, true)));
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(3)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(2))
            .list()
            .layer(layer)
            .build();
    assertEquals(configuration, MultiLayerConfiguration.fromJson(configuration.toJson()));
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    INDArray x =
        Nd4j.createFromArray(new Random(4).doubles(40, -1, 1).toArray())
            .reshape(new long[] {10, 4});
    // The labels are a permutation of the inputs, which such a matrix can do.
    INDArray y =
        Nd4j.hstack(
            x.getColumn(2, true), x.getColumn(0, true), x.getColumn(3, true), x.getColumn(1, true));
    for (int step = 0; step < 200; step++) {
      network.fit(x, y);
    }
    INDArray weights = network.getParam("0_W");
    assertArrayEquals(new double[] {1, 1, 1, 1}, weights.sum(0).toDoubleVector(), 1e-9);
    assertArrayEquals(new double[] {1, 1, 1, 1}, weights.sum(1).toDoubleVector(), 1e-3);
    assertTrue(weights.minNumber().doubleValue() >= 0);
    assertTrue(weights.getDouble(2, 0) > 0.9 && weights.getDouble(1, 3) > 0.9);
  }

  @Test
  void updatesThatAreNotFiniteAreLeftAlone() {
    INDArray update = Nd4j.createFromArray(Double.NaN, 1.0);
    of(1, true).apply(Nd4j.createFromArray(0.5, 0.5), update, 1, 0, 0);
    assertTrue(Double.isNaN(update.getDouble(0)));
    assertEquals(1, update.getDouble(1));
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> MirrorSinkhornRegularization.builder().build());
    assertThrows(
        IllegalArgumentException.class,
        () -> MirrorSinkhornRegularization.builder().rows(2).rowSum(0.0).build());
    INDArray three = Nd4j.ones(DataType.DOUBLE, 3);
    assertThrows(
        IllegalArgumentException.class, () -> of(2, true).apply(three, three.dup(), 1, 0, 0));
  }
}
