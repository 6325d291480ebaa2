package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.lowrank.LowRankHadamard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class FedParaTest {

  private static OutputLayer output() {
    return new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build();
  }

  private static DataSet data(long... shape) {
    Nd4j.getRandom().setSeed(8);
    return new DataSet(
        Nd4j.randn(DataType.FLOAT, shape),
        Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}}));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void denseNetworks(boolean personal) {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.feedForward(4),
            new FedParaDenseLayer.Builder()
                .nOut(5)
                .rank(2)
                .personal(personal)
                .activation(Activation.TANH)
                .build(),
            output());
    checks.gradients(data(3, 4)).persistence(data(3, 4));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void convolutionalNetworks(boolean personal) {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.convolutional(3, 3, 2),
            new FedParaConvolutionLayer.Builder(2, 3)
                .nOut(3)
                .rank(2)
                .personal(personal)
                .convolutionMode(ConvolutionMode.Truncate)
                .hasBias(!personal)
                .activation(Activation.TANH)
                .build(),
            output());
    checks.gradients(data(3, 2, 3, 3)).persistence(data(3, 2, 3, 3));
  }

  /** With the weight that the factors stand for, a dense layer gives the same. */
  @Test
  void outputIsThatOfADenseLayerWithTheWeight() {
    MultiLayerNetwork net =
        new NetworkChecks(
                InputType.feedForward(4),
                new FedParaDenseLayer.Builder()
                    .nOut(5)
                    .rank(2)
                    .biasInit(0.2)
                    .activation(Activation.TANH)
                    .build(),
                output())
            .network(DataType.DOUBLE, new Sgd(1));
    MultiLayerNetwork plain =
        new NetworkChecks(
                InputType.feedForward(4),
                new DenseLayer.Builder().nOut(5).biasInit(0.2).activation(Activation.TANH).build(),
                output())
            .network(DataType.DOUBLE, new Sgd(1));
    INDArray weight =
        new LowRankHadamard(false)
            .weight(
                FedParaParamInitializer.factor(net.getLayer(0).paramTable(), 1),
                FedParaParamInitializer.factor(net.getLayer(0).paramTable(), 2));
    plain.getLayer(0).getParam("W").assign(weight.transpose());
    INDArray x = data(3, 4).getFeatures().castTo(DataType.DOUBLE);
    assertTrue(net.feedForward(x).get(1).equalsWithEps(plain.feedForward(x).get(1), 1e-14));
  }

  @Test
  void sizesOfTheIssue() {
    MultiLayerNetwork net =
        new NetworkChecks(
                InputType.feedForward(256),
                new FedParaDenseLayer.Builder().nOut(256).rank(16).hasBias(false).build(),
                output())
            .network(DataType.FLOAT, new Sgd(1));
    assertEquals(16384, net.getLayer(0).numParams());
    assertEquals(16, LowRankHadamard.minRank(256, 256));
    assertEquals(64, LowRankHadamard.maxRank(256, 256, 0));
    assertEquals(30, LowRankHadamard.rank(256, 256, 0, 0.3));
    assertEquals(1, LowRankHadamard.rank(1, 1, 0, 1));
  }

  /** The entries of the weight have the variance of He's initialization, within 15 percent. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void initialVarianceIsHes(boolean kernel) {
    Nd4j.getRandom().setSeed(1);
    int rank = 4;
    double deviation = LowRankHadamard.deviation(kernel ? 900 : 100, rank, kernel);
    double sum = 0;
    for (int trial = 0; trial < 40; trial++) {
      long[][] shapes =
          LowRankHadamard.shapes(60, 60, rank, kernel ? new int[] {3, 3} : new int[0]);
      INDArray[] parts = new INDArray[6];
      for (int k = 0; k < 6; k++) {
        parts[k] =
            k % 3 < shapes.length
                ? Nd4j.randn(DataType.DOUBLE, shapes[k % 3]).muli(deviation)
                : null;
      }
      INDArray weight =
          new LowRankHadamard(false)
              .weight(
                  new LowRankHadamard.Factor(parts[0], parts[1], parts[2]),
                  new LowRankHadamard.Factor(parts[3], parts[4], parts[5]));
      sum += weight.mul(weight).meanNumber().doubleValue() / 40;
    }
    assertEquals(2.0 / (kernel ? 900 : 100), sum, 0.15 * sum);
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("rank", () -> new FedParaDenseLayer.Builder().nOut(2).rank(-1).build());
    assertNamed("rankRatio", () -> new FedParaDenseLayer.Builder().nOut(2).rankRatio(1.5).build());
    assertNamed("rank", () -> new FedParaConvolutionLayer.Builder(2, 2).nOut(2).rank(-1).build());
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
