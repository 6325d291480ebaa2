package org.dl4jplus.integration.golden;

import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** A golden file's problem as a function: a quadratic, or a tanh network with one hidden layer. */
final class ProblemOracle implements GradientOracle {

  private final JsonNode problem;
  private final INDArray parameters;

  ProblemOracle(JsonNode problem, INDArray parameters) {
    this.problem = problem;
    this.parameters = parameters;
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    double[] gradient = new double[(int) size()];
    double loss =
        problem.get("type").asText().equals("quadratic")
            ? quadratic(point.toDoubleVector(), gradient)
            : network(point.toDoubleVector(), gradient);
    gradientOut.assign(Nd4j.createFromArray(gradient));
    return loss;
  }

  private double quadratic(double[] w, double[] gradient) {
    double[] a = GoldenFile.numbers(problem.get("A"));
    double[] b = GoldenFile.numbers(problem.get("b"));
    double loss = 0;
    for (int i = 0; i < w.length; i++) {
      double product = 0;
      for (int j = 0; j < w.length; j++) {
        product += a[i * w.length + j] * w[j];
      }
      gradient[i] = product - b[i];
      loss += w[i] * (0.5 * product - b[i]);
    }
    return loss;
  }

  private double network(double[] w, double[] gradient) {
    int inputs = problem.get("layers").get(0).asInt();
    int hidden = problem.get("layers").get(1).asInt();
    int outputs = problem.get("layers").get(2).asInt();
    double[] x = GoldenFile.numbers(problem.get("X"));
    int examples = problem.get("labels").size();
    int bias1 = inputs * hidden;
    int weight2 = bias1 + hidden;
    int bias2 = weight2 + hidden * outputs;
    double loss = 0;
    double[] h = new double[hidden];
    double[] p = new double[outputs];
    for (int e = 0; e < examples; e++) {
      for (int j = 0; j < hidden; j++) {
        double z = w[bias1 + j];
        for (int i = 0; i < inputs; i++) {
          z += x[e * inputs + i] * w[i * hidden + j];
        }
        h[j] = Math.tanh(z);
      }
      double total = 0;
      for (int k = 0; k < outputs; k++) {
        double z = w[bias2 + k];
        for (int j = 0; j < hidden; j++) {
          z += h[j] * w[weight2 + j * outputs + k];
        }
        p[k] = Math.exp(z);
        total += p[k];
      }
      int label = problem.get("labels").get(e).asInt();
      loss -= Math.log(p[label] / total) / examples;
      for (int k = 0; k < outputs; k++) {
        p[k] = (p[k] / total - (k == label ? 1 : 0)) / examples;
        gradient[bias2 + k] += p[k];
      }
      for (int j = 0; j < hidden; j++) {
        double back = 0;
        for (int k = 0; k < outputs; k++) {
          gradient[weight2 + j * outputs + k] += h[j] * p[k];
          back += w[weight2 + j * outputs + k] * p[k];
        }
        back *= 1 - h[j] * h[j];
        gradient[bias1 + j] += back;
        for (int i = 0; i < inputs; i++) {
          gradient[i * hidden + j] += x[e * inputs + i] * back;
        }
      }
    }
    return loss;
  }
}
