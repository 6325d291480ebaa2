package org.dl4jplus.integration.golden;

import java.util.List;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The functions that golden files of dl4j-optim-zeroth name. */
final class ZerothOrderProblem {

  private ZerothOrderProblem() {}

  static ZoObjective of(JsonNode problem) {
    String kind = problem.isTextual() ? problem.asText() : problem.get("kind").asText();
    if (kind.startsWith("sphere-shifted-")) {
      double shift = Double.parseDouble(kind.substring("sphere-shifted-".length()));
      return x -> sum(x.toDoubleVector(), (i, v) -> (v - shift) * (v - shift));
    }
    return switch (kind) {
      case "softmaxRegression" -> new Softmax(problem, "features", true)::loss;
      case "softmaxRegressionNoBias" -> new Softmax(problem, "features", false)::loss;
      case "rastrigin" ->
          x -> sum(x.toDoubleVector(), (i, v) -> v * v - 10 * Math.cos(2 * Math.PI * v) + 10);
      case "quadratic", "quadratic 0.5 sum h_i (x_i-c_i)^2" -> {
        double[] h = array(problem, "diag", "h");
        double[] c = array(problem, "center", "c");
        yield x -> sum(x.toDoubleVector(), (i, v) -> 0.5 * h[i] * (v - c[i]) * (v - c[i]));
      }
      case "sum floor(4|x|)" -> x -> sum(x.toDoubleVector(), (i, v) -> Math.floor(4 * Math.abs(v)));
      case "0.5 (x-c)'H(x-c) + sum sin x" -> {
        double[] h = array(problem, "H");
        double[] c = array(problem, "c", "center");
        yield x -> {
          double[] at = x.toDoubleVector();
          double total = 0;
          for (int i = 0; i < at.length; i++) {
            for (int j = 0; j < at.length; j++) {
              total += 0.5 * (at[i] - c[i]) * h[i * at.length + j] * (at[j] - c[j]);
            }
            total += Math.sin(at[i]);
          }
          return total;
        };
      }
      default -> throw new IllegalArgumentException("Unknown kind of problem: " + kind);
    };
  }

  /** The weights of softmax regression decay, its biases do not. */
  static List<Stretch> stretches(JsonNode problem, long n) {
    if (problem.path("kind").asText().equals("softmaxRegression")) {
      long classes = classes(problem, n);
      return List.of(new Stretch(0, n - classes, true), new Stretch(n - classes, n, false));
    }
    return List.of(new Stretch(0, n, true));
  }

  private static long classes(JsonNode problem, long n) {
    return n / (problem.get("features").get("shape").get(1).asLong() + 1);
  }

  private interface Term {
    double at(int i, double value);
  }

  private static double sum(double[] x, Term term) {
    double total = 0;
    for (int i = 0; i < x.length; i++) {
      total += term.at(i, x[i]);
    }
    return total;
  }

  /** A field under one of its names, as a list or as shape and data. */
  static double[] array(JsonNode node, String... names) {
    for (String name : names) {
      JsonNode found = node.get(name);
      if (found != null) {
        return GoldenFile.numbers(found.has("data") ? found.get("data") : found);
      }
    }
    throw new IllegalArgumentException("No field " + String.join(" or ", names));
  }

  /** Mean cross-entropy of logits that are linear in the features. */
  private static final class Softmax {
    private final double[] x;
    private final int rows;
    private final int features;
    private final double[] labels;
    private final boolean bias;

    Softmax(JsonNode problem, String name, boolean bias) {
      x = array(problem, name);
      rows = problem.get(name).get("shape").get(0).asInt();
      features = problem.get(name).get("shape").get(1).asInt();
      labels = array(problem, "labels");
      this.bias = bias;
    }

    double loss(INDArray parameters) {
      double[] w = parameters.toDoubleVector();
      int classes = w.length / (bias ? features + 1 : features);
      double[] logits = new double[classes];
      double loss = 0;
      for (int r = 0; r < rows; r++) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
          double z = bias ? w[features * classes + c] : 0;
          for (int f = 0; f < features; f++) {
            z += x[r * features + f] * w[bias ? f * classes + c : c * features + f];
          }
          logits[c] = z;
          largest = Math.max(largest, z);
        }
        double total = 0;
        for (double z : logits) {
          total += Math.exp(z - largest);
        }
        loss += largest + Math.log(total) - logits[(int) labels[r]];
      }
      return loss / rows;
    }
  }
}
