package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.gp.FidelityKernel;
import org.dl4jplus.bilevel.search.gp.GaussianProcess;
import org.dl4jplus.bilevel.search.gp.Kernel;
import org.dl4jplus.bilevel.search.gp.StationaryKernel;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Gaussian processes and what searches make of them, always in double precision. */
final class GaussianProcessAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    GaussianProcessAdapter adapter = new GaussianProcessAdapter();
    adapters.put("GaussianProcess", adapter);
    adapters.put("Acquisitions", adapter);
    adapters.put("KnowledgeGradient / noisy EI", adapter);
    adapters.put("parallel q-EI (Monte Carlo, given base samples)", adapter);
    adapters.put("multi-fidelity kernel", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().path("discrete")) {
      compare(deviation, one, "value", Acquisitions.expectedGain(list(one, "a"), list(one, "b")));
    }
    file.json().path("noisyEI").forEach(one -> noisyImprovement(one, deviation));
    for (JsonNode one : file.json().path("cases")) {
      switch (file.algorithm()) {
        case "GaussianProcess" -> posterior(one, deviation);
        case "Acquisitions" -> acquisitions(one, deviation);
        case "multi-fidelity kernel" -> fidelity(one, deviation);
        default -> jointImprovement(one, deviation);
      }
    }
  }

  private static void posterior(JsonNode one, Deviation deviation) {
    Kernel kernel =
        StationaryKernel.of(
            Form.valueOf(one.path("kernel").asText("matern52").toUpperCase(Locale.ROOT)),
            one.get("signalVariance").asDouble(),
            list(one, "lengthScales"));
    GaussianProcess process =
        GaussianProcess.of(
            kernel, one.get("noiseVariance").asDouble(), matrix(one, "X"), list(one, "y"));
    double[][] test = matrix(one, "Xtest");
    compare(
        deviation,
        one,
        "mean",
        Arrays.stream(test).mapToDouble(x -> process.predict(x).mean()).toArray());
    compare(deviation, one, "latentCovariance", flat(process.covariance(test)));
    compare(deviation, one, "logMarginalLikelihood", process.logMarginalLikelihood());
    compare(deviation, one, "gradient", process.gradient());
  }

  /** The file minimises, but for the entropy search. */
  private static void acquisitions(JsonNode one, Deviation deviation) {
    double[] mean = list(one, "mean");
    double[] std = list(one, "std");
    double best = one.get("best").asDouble();
    double[][] constraintMean = matrix(one, "constraintMean");
    double[][] constraintStd = matrix(one, "constraintStd");
    double[] maxima = list(one, "maxValueSamples");
    int n = mean.length;
    double[] ei = new double[n];
    double[] logEi = new double[n];
    double[] pi = new double[n];
    double[] lcb = new double[n];
    double[] feasible = new double[n];
    double[] constrained = new double[n];
    double[] entropy = new double[n];
    for (int i = 0; i < n; i++) {
      ei[i] = Acquisitions.expectedImprovement(-mean[i], std[i], -best);
      logEi[i] = Acquisitions.logExpectedImprovement(-mean[i], std[i], -best);
      pi[i] = Acquisitions.probabilityOfImprovement(-mean[i], std[i], -best);
      lcb[i] = Acquisitions.confidenceBound(mean[i], std[i], -2);
      double logFeasibility = Acquisitions.logFeasibility(constraintMean[i], constraintStd[i]);
      feasible[i] = Math.exp(logFeasibility);
      constrained[i] = Math.exp(logEi[i] + logFeasibility);
      entropy[i] = Acquisitions.maxValueEntropy(mean[i], std[i], maxima);
    }
    compare(deviation, one, "expectedImprovement", ei);
    compare(deviation, one, "logExpectedImprovement", logEi);
    compare(deviation, one, "probabilityOfImprovement", pi);
    compare(deviation, one, "lcbBeta2", lcb);
    compare(deviation, one, "probabilityOfFeasibility", feasible);
    compare(deviation, one, "constrainedEI", constrained);
    compare(deviation, one, "maxValueEntropySearch", entropy);
  }

  private static void noisyImprovement(JsonNode one, Deviation deviation) {
    Kernel kernel =
        StationaryKernel.of(
            Form.MATERN52, one.get("signalVariance").asDouble(), list(one, "lengthScales"));
    double[][] x = matrix(one, "X");
    double noise = one.get("noiseVariance").asDouble();
    GaussianProcess process = GaussianProcess.of(kernel, noise, x, list(one, "y"));
    double[][] candidates = matrix(one, "candidates");
    double[] gains = new double[candidates.length];
    for (int c = 0; c < candidates.length; c++) {
      double[][] points = Arrays.copyOf(x, x.length + 1);
      points[x.length] = candidates[c];
      double[] mu = Arrays.stream(points).mapToDouble(p -> process.predict(p).mean()).toArray();
      double[][] covariance = process.covariance(points);
      double scale = Math.sqrt(covariance[x.length][x.length] + noise);
      double[] sigma = Arrays.stream(covariance[x.length]).map(v -> v / scale).toArray();
      if (one.has("details")) {
        compare(deviation, one.get("details").get(c), "mu", mu);
        compare(deviation, one.get("details").get(c), "sigmaTilde", sigma);
      }
      double present = IntStream.range(0, x.length).mapToDouble(i -> mu[i]).max().orElseThrow();
      gains[c] = Acquisitions.expectedGain(mu, sigma) + Math.max(mu[x.length], present) - present;
    }
    compare(deviation, one, "noisyExpectedImprovement", gains);
  }

  private static void jointImprovement(JsonNode one, Deviation deviation) {
    double[][] normals = matrix(one, "baseNormals");
    for (double[] row : normals) {
      Arrays.setAll(row, j -> -row[j]);
    }
    double[] negated = Arrays.stream(list(one, "mean")).map(m -> -m).toArray();
    compare(
        deviation,
        one,
        "qEI",
        Acquisitions.expectedImprovement(
            negated, matrix(one, "covariance"), normals, -one.get("best").asDouble()));
  }

  private static void fidelity(JsonNode one, Deviation deviation) {
    Kernel kernel =
        new FidelityKernel(
            StationaryKernel.of(Form.MATERN52, 1, list(one, "lengthScales0")),
            StationaryKernel.of(Form.MATERN52, 1, list(one, "lengthScales1")),
            one.get("power").asDouble());
    double[][] x = matrix(one, "X");
    double[] s = list(one, "fidelity");
    for (int i = 0; i < x.length; i++) {
      x[i] = at(x[i], s[i]);
    }
    GaussianProcess process =
        GaussianProcess.of(kernel, one.get("noiseVariance").asDouble(), x, list(one, "y"));
    double[][] queries = matrix(one, "queries");
    compare(
        deviation,
        one,
        "meanAtFullFidelity",
        Arrays.stream(queries).mapToDouble(q -> process.predict(at(q, 1)).mean()).toArray());
    compare(
        deviation,
        one,
        "varianceAtFullFidelity",
        Arrays.stream(queries).mapToDouble(q -> process.predict(at(q, 1)).variance()).toArray());
  }

  private static double[] at(double[] point, double fidelity) {
    double[] inputs = Arrays.copyOf(point, point.length + 1);
    inputs[point.length] = fidelity;
    return inputs;
  }

  private static void compare(Deviation deviation, JsonNode one, String field, double... actual) {
    JsonNode expected = one.path("expected").has(field) ? one.get("expected") : one;
    if (expected.has(field)) {
      deviation.compare(one.path("name").asText() + " " + field, list(expected, field), actual);
    }
  }

  /** Numbers of a plain list, of an array with its shape, or a single one. */
  static double[] list(JsonNode node, String field) {
    JsonNode value = node.get(field);
    if (value.isNumber()) {
      return new double[] {value.asDouble()};
    }
    return GoldenFile.numbers(value.has("data") ? value.get("data") : value);
  }

  static double[][] matrix(JsonNode node, String field) {
    double[] all = list(node, field);
    JsonNode shape = node.get(field).get("shape");
    int columns = shape.get(1).asInt();
    double[][] rows = new double[shape.get(0).asInt()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(all, i * columns, (i + 1) * columns);
    }
    return rows;
  }

  private static double[] flat(double[][] matrix) {
    return Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray();
  }
}
