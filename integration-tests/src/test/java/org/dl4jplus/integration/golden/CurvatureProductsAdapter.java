package org.dl4jplus.integration.golden;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.linalg.SymmetricEigen;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.second.curvature.GaussNewton;
import org.dl4jplus.optim.second.curvature.Hutchinson;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Products with curvature matrices in a network, always in double precision. */
final class CurvatureProductsAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("CurvatureProducts", new CurvatureProductsAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    new Case(file, deviation).run();
  }

  /** A network on a file's batch. */
  private static final class Case {

    private final GoldenFile file;
    private final Deviation deviation;
    private final MultiLayerNetwork network;
    private final ModelOracle oracle;
    private final INDArray point;
    private final int size;

    /** From the platform's loss to the file's. */
    private final double scale;

    Case(GoldenFile file, Deviation deviation) {
      this.file = file;
      this.deviation = deviation;
      String loss = file.json().get("loss").asText();
      // The platform's is the sum of squares.
      scale = loss.startsWith("MSE") ? 0.5 : 1;
      network =
          network(
              file.json().get("layers"),
              Activation.fromString(file.json().path("activation").asText("tanh")),
              loss);
      point = Nd4j.createFromArray(file.numbers("params"));
      network.setParams(point);
      network.setInput(rows("features"));
      network.setLabels(rows("labels"));
      oracle = new ModelOracle(network);
      size = (int) oracle.size();
    }

    private static MultiLayerNetwork network(JsonNode widths, Activation activation, String loss) {
      NeuralNetConfiguration.ListBuilder list =
          new NeuralNetConfiguration.Builder().dataType(DataType.DOUBLE).list();
      int last = widths.size() - 1;
      for (int i = 0; i < last; i++) {
        int in = widths.get(i).asInt();
        int out = widths.get(i + 1).asInt();
        list.layer(
            i + 1 < last
                ? new DenseLayer.Builder().nIn(in).nOut(out).activation(activation).build()
                : output(in, out, loss));
      }
      MultiLayerNetwork network = new MultiLayerNetwork(list.build());
      network.init();
      return network;
    }

    private static OutputLayer output(int in, int out, String loss) {
      LossFunction function = LossFunction.MCXENT;
      Activation activation = Activation.SOFTMAX;
      if (loss.startsWith("MSE")) {
        function = LossFunction.L2;
        activation = Activation.IDENTITY;
      } else if (loss.startsWith("XENT")) {
        function = LossFunction.XENT;
        activation = Activation.SIGMOID;
      }
      return new OutputLayer.Builder(function).nIn(in).nOut(out).activation(activation).build();
    }

    private INDArray rows(String field) {
      double[] values = file.numbers(field);
      int count = file.json().get("batchSize").asInt();
      return Nd4j.createFromArray(values).reshape('c', count, values.length / count);
    }

    void run() {
      INDArray gradient = point.ulike();
      double loss = oracle.lossAndGradient(point, gradient);
      oracle.restore();
      compare("loss0", new double[] {file.json().get("loss0").asDouble()}, loss);
      compare("expectedGradient", gradient);
      INDArray vector = Nd4j.createFromArray(file.numbers("vector"));
      compare("expectedHessianVector", product(vector));
      INDArray product = point.ulike();
      new GaussNewton(oracle).product(point, vector, product);
      compare("expectedGaussNewtonVector", product);
      // The square of the loss's scale: one is here, the other in the comparison.
      oracle.record(point, null, gradient).fisherVector(vector, product);
      oracle.restore();
      compare("expectedEmpiricalFisherVector", product.mul(scale));
      estimate();
      exact();
    }

    private void estimate() {
      INDArray probe = Nd4j.createFromArray(file.numbers("probe"));
      Hutchinson hutchinson = new Hutchinson((draw, index, out) -> out.assign(probe), 1);
      INDArray diagonal = point.ulike();
      hutchinson.diagonal(oracle, point, 0, diagonal);
      compare("expectedHutchinsonDiagonal", diagonal);
    }

    /** By all unit vectors. */
    private void exact() {
      INDArray hessian = Nd4j.create(DataType.DOUBLE, size, size);
      INDArray diagonal = point.ulike();
      INDArray unit = point.ulike();
      for (int i = 0; i < size; i++) {
        unit.assign(0).putScalar(i, 1);
        INDArray row = product(unit);
        hessian.putRow(i, row);
        diagonal.putScalar(i, row.getDouble(i));
      }
      compare("expectedHessianDiagonal", diagonal);
      compare(
          "expectedHessianTrace",
          new double[] {file.json().get("expectedHessianTrace").asDouble()},
          diagonal.sumNumber().doubleValue());
      eigenvalues(hessian);
    }

    private void eigenvalues(INDArray hessian) {
      double[] expected = file.numbers("topHessianEigenvalues");
      INDArray symmetric = hessian.add(hessian.transpose()).divi(2 / scale);
      INDArray vectors = SymmetricEigen.vectors(symmetric);
      double[] top = new double[expected.length];
      for (int i = 0; i < top.length; i++) {
        INDArray vector = vectors.getColumn(i).dup();
        top[i] = GradientTurn.dot(vector, symmetric.mmul(vector));
      }
      deviation.compare("topHessianEigenvalues", expected, top);
    }

    private INDArray product(INDArray v) {
      INDArray product = point.ulike();
      oracle.hessianVector(point, v, product);
      oracle.restore();
      return product;
    }

    private void compare(String field, INDArray actual) {
      if (file.has(field)) {
        deviation.compare(field, file.numbers(field), actual.mul(scale).toDoubleVector());
      }
    }

    private void compare(String field, double[] expected, double actual) {
      deviation.compare(field, expected, new double[] {actual * scale});
    }
  }
}
