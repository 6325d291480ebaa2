package org.dl4jplus.optim.second.curvature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossL2;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;
import org.nd4j.linalg.lossfunctions.impl.LossNegativeLogLikelihood;
import org.nd4j.linalg.lossfunctions.impl.LossPoisson;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class GaussNewtonTest {

  private static final INDArray WEIGHTS = Nd4j.createFromArray(0.5, 2.0, 1.0);

  private static double[] numbers(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asDouble();
    }
    return values;
  }

  private static INDArray matrix(JsonNode array, int columns) {
    INDArray numbers = Nd4j.createFromArray(numbers(array));
    return numbers.reshape('c', numbers.length() / columns, columns);
  }

  private static INDArray product(ModelOracle oracle, INDArray v) {
    INDArray out = v.ulike();
    new GaussNewton(oracle).product(oracle.parameters().dup(), v, out);
    oracle.restore();
    return out;
  }

  private static INDArray hessian(ModelOracle oracle, INDArray v) {
    INDArray out = v.ulike();
    oracle.hessianVector(oracle.parameters().dup(), v, out);
    oracle.restore();
    return out;
  }

  /** Recorded with exact derivatives. */
  @Test
  void agreesWithTheJacobian() throws IOException {
    for (String name : List.of("mse", "softmax")) {
      JsonNode file =
          new ObjectMapper()
              .readTree(getClass().getResource("/curvature/curvature_" + name + ".json"));
      int outputs = file.get("layers").get(2).asInt();
      boolean square = name.equals("mse");
      MultiLayerNetwork network =
          SmallNetworks.tanh(
              new Sgd(1),
              square ? new LossL2() : new LossMCXENT(),
              square ? Activation.IDENTITY : Activation.SOFTMAX,
              outputs);
      network.setParams(Nd4j.createFromArray(numbers(file.get("params"))));
      DataSet data =
          new DataSet(matrix(file.get("features"), 3), matrix(file.get("labels"), outputs));
      INDArray v = Nd4j.createFromArray(numbers(file.get("vector")));
      INDArray product = product(SmallNetworks.oracle(network, data), v);
      // The file's square has a factor 1/2, the platform's has none.
      assertArrayEquals(
          numbers(file.get("expectedGaussNewtonVector")),
          product.muli(square ? 0.5 : 1).toDoubleVector(),
          1e-8,
          name);
    }
  }

  @Test
  void isTheHessianWhereTheOutputsAreLinear() {
    check(new LossMSE(), Activation.IDENTITY);
    check(new LossMSE(WEIGHTS), Activation.IDENTITY);
    check(new LossL2(), Activation.IDENTITY);
    check(new LossL2(WEIGHTS), Activation.IDENTITY);
    check(new LossMCXENT(), Activation.SOFTMAX);
    check(new LossMCXENT(WEIGHTS), Activation.SOFTMAX);
    check(new LossNegativeLogLikelihood(), Activation.SOFTMAX);
    check(new LossBinaryXENT(), Activation.SIGMOID);
    check(new LossBinaryXENT(WEIGHTS), Activation.SIGMOID);
    // By differences.
    check(new LossL2(), Activation.TANH);
    check(new LossPoisson(), Activation.SOFTPLUS);
  }

  private static void check(ILossFunction loss, Activation activation) {
    MultiLayerNetwork network = SmallNetworks.linear(loss, activation, 3, 1);
    ModelOracle oracle = SmallNetworks.oracle(network, SmallNetworks.classes(7, 3, 5));
    INDArray v = SmallNetworks.vector(network.numParams(), 8);
    assertArrayEquals(
        hessian(oracle, v).toDoubleVector(),
        product(oracle, v).toDoubleVector(),
        2e-8,
        loss + " with " + activation);
  }

  @Test
  void sequencesAndMasks() {
    MultiLayerNetwork network =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(1)),
            new FrozenLayer(new LSTM.Builder().nIn(3).nOut(3).build()),
            new RnnOutputLayer.Builder(new LossMCXENT())
                .dataFormat(RNNFormat.NCW)
                .nIn(3)
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .build());
    INDArray x = SmallNetworks.vector(4 * 3 * 5, 1).reshape('c', 4, 3, 5);
    INDArray y = Nd4j.zeros(DataType.DOUBLE, 4, 2, 5);
    for (int i = 0; i < 4; i++) {
      for (int t = 0; t < 5; t++) {
        y.putScalar(i, (i + t) % 2, t, 1);
      }
    }
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 4, 5);
    mask.putScalar(1, 4, 0);
    mask.putScalar(2, 3, 0);
    mask.putScalar(2, 4, 0);
    ModelOracle oracle = SmallNetworks.oracle(network, new DataSet(x, y));
    network.setLayerMaskArrays(null, mask);
    INDArray v = SmallNetworks.vector(oracle.size(), 8);
    assertArrayEquals(
        hessian(oracle, v).toDoubleVector(), product(oracle, v).toDoubleVector(), 2e-8);
  }

  @Test
  void anyLayerWillDoAndTheMatrixIsSymmetricAndPositive() {
    MultiLayerNetwork normalized =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(1)),
            new DenseLayer.Builder().nIn(3).nOut(4).dropOut(0.7).build(),
            new BatchNormalization.Builder().nOut(4).build(),
            SmallNetworks.output(new LossMCXENT(), Activation.SOFTMAX, 4, 3));
    checkForm(SmallNetworks.oracle(normalized, SmallNetworks.classes(9, 3, 2)));
    checkForm(
        SmallNetworks.oracle(
            SmallNetworks.graph(new Sgd(1), new LossMSE(), Activation.IDENTITY, 2),
            SmallNetworks.numbers(6, 2, 2)));
    MultiLayerNetwork recurrent =
        SmallNetworks.network(
            SmallNetworks.builder(new Sgd(1)),
            new LSTM.Builder().nIn(3).nOut(3).build(),
            new RnnOutputLayer.Builder(new LossMSE())
                .nIn(3)
                .nOut(2)
                .activation(Activation.IDENTITY)
                .build());
    checkForm(
        SmallNetworks.oracle(
            recurrent,
            new DataSet(
                SmallNetworks.vector(4 * 3 * 5, 1).reshape('c', 4, 3, 5),
                SmallNetworks.vector(4 * 2 * 5, 2).reshape('c', 4, 2, 5))));
  }

  private static void checkForm(ModelOracle oracle) {
    INDArray start = oracle.parameters().dup();
    INDArray v = SmallNetworks.vector(oracle.size(), 3);
    INDArray u = SmallNetworks.vector(oracle.size(), 4);
    INDArray gv = product(oracle, v);
    INDArray gu = product(oracle, u);
    double scale = GradientTurn.norm(gv) * GradientTurn.norm(u);
    assertEquals(GradientTurn.dot(u, gv), GradientTurn.dot(v, gu), 1e-6 * scale);
    assertTrue(GradientTurn.dot(v, gv) >= -1e-6 * GradientTurn.dot(v, v));
    assertEquals(start, oracle.parameters());
    assertEquals(0, GradientTurn.norm(product(oracle, v.ulike())));
  }

  @Test
  void aFunctionHasNoOutputs() {
    INDArray w = Nd4j.createFromArray(1.0, 2);
    GradientOracle function =
        new GradientOracle() {
          @Override
          public INDArray parameters() {
            return w;
          }

          @Override
          public double lossAndGradient(INDArray point, INDArray gradientOut) {
            return 0;
          }
        };
    assertThrows(
        UnsupportedOperationException.class,
        () -> new GaussNewton(function).product(w, w, w.ulike()));
  }

  @Test
  void productsThatAreNotFiniteAreReported() {
    MultiLayerNetwork network =
        SmallNetworks.tanh(new Sgd(1), new LossMSE(), Activation.IDENTITY, 2);
    ModelOracle oracle = SmallNetworks.oracle(network, SmallNetworks.numbers(4, 2, 1));
    INDArray point = oracle.parameters().dup();
    point.putScalar(3, Double.NaN);
    INDArray v = SmallNetworks.vector(oracle.size(), 3);
    assertThrows(
        ArithmeticException.class, () -> new GaussNewton(oracle).product(point, v, v.ulike()));
  }
}
