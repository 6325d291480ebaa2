package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.ExponentiatedGradient.Mode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

class ExponentiatedGradientTest {

  @Test
  void theLogarithmsAddUp() {
    Random random = new Random(1);
    INDArray start = Numbers.normal(random, 4, 3);
    INDArray p = start.dup();
    ArrayOptimizer optimizer = new ArrayOptimizer(new ExponentiatedGradient(0.2), List.of(), p);
    INDArray sum = Nd4j.create(DataType.DOUBLE, 4, 3);
    for (int i = 0; i < 30; i++) {
      INDArray g = Numbers.normal(random, 4, 3);
      sum.addi(g.mul(0.2));
      optimizer.step(g);
    }
    INDArray expected = start.mul(Transforms.exp(Transforms.sign(start, true).mul(sum).neg()));
    // 30 roundings of p - u, of 1e-16 times the largest weight on the way.
    Numbers.assertClose(expected, p, 1e-12);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void noWeightOfATrainedNetworkChangesItsSign(Mode mode) {
    ExponentiatedGradient updater =
        ExponentiatedGradient.builder()
            .mode(mode)
            .learningRate(0.5)
            .momentum(0.9)
            .weightDecay(1e-3)
            .build();
    MultiLayerConfiguration conf = Optim.bind(configuration(updater));
    MultiLayerNetwork net = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(conf.toJson()));
    net.init();
    Random random = new Random(2);
    INDArray x = Numbers.normal(random, DataType.FLOAT, 32, 5);
    INDArray y = Nd4j.create(DataType.FLOAT, 32, 2);
    for (int i = 0; i < 32; i++) {
      y.putScalar(i, x.getDouble(i, 0) > x.getDouble(i, 1) ? 0 : 1, 1);
    }
    INDArray signs = Transforms.sign(net.params(), true);
    double before = net.score(new DataSet(x, y));
    for (int i = 0; i < 40; i++) {
      net.fit(x, y);
    }
    assertEquals(signs, Transforms.sign(net.params(), true));
    assertTrue(net.score(new DataSet(x, y)) < before);
  }

  private static MultiLayerConfiguration configuration(ExponentiatedGradient updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(1)
        .dataType(DataType.FLOAT)
        .weightInit(new DaleInit())
        .biasInit(0.1)
        .updater(updater)
        .list()
        .layer(new DenseLayer.Builder().nIn(5).nOut(6).activation(Activation.TANH).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(6)
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  @Test
  void unboundItDoesNotRun() {
    MultiLayerNetwork net = new MultiLayerNetwork(configuration(new ExponentiatedGradient()));
    net.init();
    INDArray x = Nd4j.ones(DataType.FLOAT, 1, 5);
    INDArray y = Nd4j.ones(DataType.FLOAT, 1, 2);
    assertTrue(
        assertThrows(IllegalStateException.class, () -> net.fit(x, y))
            .getMessage()
            .contains("Optim.bind"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"FLOAT", "DOUBLE"})
  void hugeStepsKeepTheSign(DataType type) {
    INDArray p = Nd4j.createFromArray(1.0, -1.0, 0.0, 2.0).castTo(type);
    ArrayOptimizer optimizer = new ArrayOptimizer(new ExponentiatedGradient(1e6), List.of(), p);
    for (int i = 0; i < 60; i++) {
      optimizer.step(Nd4j.createFromArray(1.0, -1.0, 1.0, 1.0).castTo(type));
    }
    // 60 steps of -10 in the logarithm: below the floor.
    assertEquals(type == DataType.FLOAT ? -30 : -261, Math.log10(p.getDouble(0)), 0.5);
    assertTrue(p.getDouble(1) < 0);
    assertEquals(0, p.getDouble(2));
    assertTrue(p.getDouble(3) > 0);
  }

  @Test
  void rateZeroAndGradientZeroLeaveWeightsAlone() {
    INDArray start = Numbers.normal(new Random(3), DataType.FLOAT, 50);
    INDArray p = start.dup();
    new ArrayOptimizer(new ExponentiatedGradient(0.0), List.of(), p)
        .step(Numbers.normal(new Random(4), DataType.FLOAT, 50));
    assertEquals(start, p);
    for (Mode mode : Mode.values()) {
      new ArrayOptimizer(
              ExponentiatedGradient.builder().mode(mode).epsilon(0.0).build(), List.of(), p)
          .step(Nd4j.create(DataType.FLOAT, 50));
      assertEquals(start, p);
    }
  }

  @Test
  void decayOfModeAdamShrinksMagnitudes() {
    INDArray p = Nd4j.createFromArray(2.0, -2.0);
    ExponentiatedGradient adam =
        ExponentiatedGradient.builder().mode(Mode.ADAM).weightDecay(0.5).build();
    new ArrayOptimizer(adam, List.of(), p).step(Nd4j.createFromArray(0.0, 0.0));
    Numbers.assertClose(Nd4j.createFromArray(1.9, -1.9), p, 1e-15);
  }

  @Test
  void oneStepWithMomentumByHand() {
    INDArray p = Nd4j.createFromArray(1.0);
    ExponentiatedGradient updater =
        ExponentiatedGradient.builder()
            .learningRate(0.5)
            .momentum(0.9)
            .dampening(0.25)
            .nesterov(true)
            .build();
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    optimizer.step(Nd4j.createFromArray(0.2));
    double log = -0.5 * (0.2 + 0.9 * 0.2);
    assertEquals(log, Math.log(p.getDouble(0)), 1e-15);
    optimizer.step(Nd4j.createFromArray(-0.4));
    log -= 0.5 * (-0.4 + 0.9 * (0.9 * 0.2 - 0.75 * 0.4));
    assertEquals(log, Math.log(p.getDouble(0)), 1e-15);
  }

  @Test
  void daleInitGivesAnInputOneSign() {
    Nd4j.getRandom().setSeed(5);
    long[] shape = {40, 500};
    INDArray w =
        new DaleInit(0.75).init(40, 500, shape, 'f', Nd4j.create(DataType.DOUBLE, 40 * 500));
    for (int i = 0; i < 40; i++) {
      double sign = i < 30 ? 1 : -1;
      assertTrue(w.getRow(i).mul(sign).minNumber().doubleValue() > 0);
    }
    // The log-normal's fourth moment, e^8, gives the mean square of 20000 weights a deviation of
    // about sqrt((e^8/e^4 * 5/3)/20000) = 0.07 in 1, and the mean one of 1/sqrt(20000) of
    // 1/sqrt(40).
    assertEquals(1, w.mul(w).meanNumber().doubleValue() * 40, 0.3);
    assertEquals(0, w.meanNumber().doubleValue() * Math.sqrt(40), 0.03);
    INDArray kernel =
        new DaleInit().init(45, 18, new long[] {2, 5, 3, 3}, 'c', Nd4j.create(DataType.FLOAT, 90));
    assertEquals(72, kernel.gt(0).castTo(DataType.INT32).sumNumber().intValue());
    assertTrue(kernel.slice(4, 1).maxNumber().doubleValue() < 0);
  }
}
