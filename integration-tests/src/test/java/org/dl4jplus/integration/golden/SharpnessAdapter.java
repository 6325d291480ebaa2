package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.optim.first.StabilityEdge;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.sharpness.HessianTopEigenvalue;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The Hessian's top eigenvalue, always in double precision, and the edges of stability. */
final class SharpnessAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    SharpnessAdapter adapter = new SharpnessAdapter();
    adapters.put("SamStabilityEdge", adapter);
    adapters.put("HessianMonitor", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    if (file.has("problem")) {
      hessian(file, deviation);
    } else {
      edges(file, deviation);
    }
  }

  private static void hessian(GoldenFile file, Deviation deviation) {
    ProblemOracle oracle =
        new ProblemOracle(file.json().get("problem"), Nd4j.createFromArray(file.numbers("params")));
    INDArray gradient = oracle.parameters().ulike();
    oracle.lossAndGradient(oracle.parameters(), gradient);
    deviation.compare("gradient", file.numbers("gradient"), gradient.toDoubleVector());
    deviation.compare(
        "gradNorm",
        new double[] {file.json().get("gradNorm").asDouble()},
        new double[] {GradientTurn.norm(gradient)});
    if (file.has("direction")) {
      INDArray direction = Nd4j.createFromArray(file.numbers("direction"));
      double norm = GradientTurn.norm(direction);
      INDArray product =
          HessianTopEigenvalue.product(oracle, direction.div(norm), HessianTopEigenvalue.RADIUS);
      deviation.compare(
          "hessianVectorProduct",
          file.numbers("hessianVectorProduct"),
          product.mul(norm).toDoubleVector());
    }
    HessianTopEigenvalue.Pair top =
        new HessianTopEigenvalue(40, 1e-9, HessianTopEigenvalue.RADIUS, 1).find(oracle);
    double[] eigenvalues = file.numbers("eigenvalues");
    deviation.compare(
        "eigenvalues",
        new double[] {eigenvalues[eigenvalues.length - 1]},
        new double[] {top.eigenvalue()});
    INDArray expected = Nd4j.createFromArray(file.numbers("topEigenvector"));
    double sign = Math.signum(GradientTurn.dot(expected, top.eigenvector()));
    deviation.compare(
        "topEigenvector", expected.toDoubleVector(), top.eigenvector().mul(sign).toDoubleVector());
  }

  private static void edges(GoldenFile file, Deviation deviation) {
    for (JsonNode edge : file.json().get("cases")) {
      double learningRate = edge.get("learningRate").asDouble();
      double rho = edge.get("rho").asDouble();
      deviation.compare(
          "gdEdge, samEdgeUnnormalised, samEdgeNormalised",
          new double[] {
            edge.get("gdEdge").asDouble(),
            edge.get("samEdgeUnnormalised").asDouble(),
            edge.get("samEdgeNormalised").asDouble()
          },
          new double[] {
            StabilityEdge.gradientDescent(learningRate, edge.get("momentum").asDouble()),
            StabilityEdge.unnormalizedSam(learningRate, rho),
            StabilityEdge.sam(learningRate, rho, edge.get("gradNorm").asDouble())
          });
    }
  }
}
