package org.dl4jplus.optim.first.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.Networks;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class SampledLabelsTest {

  private static final int DRAWS = 2000;

  /** n s^2 has the diagonal of the Gauss-Newton matrix as its mean: here that of the biases. */
  @Test
  void squaresEstimateTheCurvature() {
    check(LossFunction.MCXENT, Activation.SOFTMAX, f -> f * (1 - f));
    check(LossFunction.NEGATIVELOGLIKELIHOOD, Activation.SOFTMAX, f -> f * (1 - f));
    check(LossFunction.XENT, Activation.SIGMOID, f -> f * (1 - f));
    // The loss is the mean over three outputs of the square.
    check(LossFunction.MSE, Activation.IDENTITY, f -> 4.0 / 9);
    check(LossFunction.L2, Activation.IDENTITY, f -> 4);
  }

  private static void check(
      LossFunction loss, Activation activation, java.util.function.DoubleUnaryOperator expected) {
    MultiLayerNetwork network = network(loss, activation);
    INDArray x = Networks.data().getFeatures();
    double[] diagonal = new double[3];
    double[][] outputs = network.output(x).toDoubleMatrix();
    for (double[] row : outputs) {
      for (int j = 0; j < 3; j++) {
        diagonal[j] += expected.applyAsDouble(row[j]) / outputs.length;
      }
    }
    ModelOracle oracle = oracle(network);
    INDArray point = oracle.parameters().dup();
    INDArray out = point.ulike();
    double[] squares = new double[3];
    int n = outputs.length;
    for (int seed = 0; seed < DRAWS; seed++) {
      oracle.sampledGradient(point, seed, out);
      for (int j = 0; j < 3; j++) {
        double s = out.getDouble(out.length() - 3 + j);
        squares[j] += n * s * s / DRAWS;
      }
    }
    oracle.restore();
    for (int j = 0; j < 3; j++) {
      // A normal's square has the standard deviation sqrt(2) of its mean: five of them.
      assertEquals(1, squares[j] / diagonal[j], 5 * Math.sqrt(2.0 / DRAWS), loss.name());
    }
    INDArray again = out.ulike();
    oracle.sampledGradient(point, DRAWS - 1L, again);
    assertEquals(out, again);
    oracle.sampledGradient(point, DRAWS, again);
    oracle.restore();
    assertNotEquals(out, again);
  }

  @Test
  void maskedRowsDrawNothing() {
    MultiLayerNetwork network = network(LossFunction.MCXENT, Activation.SOFTMAX);
    ModelOracle oracle = oracle(network);
    double[] mask = new double[12];
    mask[4] = 1;
    network.setLayerMaskArrays(null, Nd4j.createFromArray(mask).reshape(12, 1));
    assertEquals(1, oracle.labelCount());
    INDArray point = oracle.parameters().dup();
    INDArray out = point.ulike();
    oracle.sampledGradient(point, 1, out);
    oracle.restore();
    double[] probabilities =
        network.output(Networks.data().getFeatures()).getRow(4).toDoubleVector();
    double[] bias = new double[3];
    for (int j = 0; j < 3; j++) {
      bias[j] = probabilities[j] - 12 * out.getDouble(out.length() - 3 + j);
    }
    // What was drawn is one of the classes.
    double[] sorted = Arrays.stream(bias).sorted().toArray();
    assertEquals(0, sorted[0], 1e-10);
    assertEquals(0, sorted[1], 1e-10);
    assertEquals(1, sorted[2], 1e-10);
  }

  @Test
  void otherLossesAreNamed() {
    ModelOracle oracle = oracle(network(LossFunction.MEAN_ABSOLUTE_ERROR, Activation.IDENTITY));
    INDArray point = oracle.parameters().dup();
    String message =
        assertThrows(
                IllegalStateException.class, () -> oracle.sampledGradient(point, 1, point.ulike()))
            .getMessage();
    oracle.restore();
    assertTrue(message.contains("LossMAE"), message);
  }

  private static ModelOracle oracle(MultiLayerNetwork network) {
    network.setInput(Networks.data().getFeatures());
    network.setLabels(Networks.data().getLabels());
    return new ModelOracle(network);
  }

  private static MultiLayerNetwork network(LossFunction loss, Activation activation) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(12)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(3).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder(loss).nIn(3).nOut(3).activation(activation).build())
                .build());
    network.init();
    return network;
  }
}
