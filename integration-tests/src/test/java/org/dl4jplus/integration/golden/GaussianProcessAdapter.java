package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.dl4jplus.bilevel.search.acquisition.Acquisitions;
import org.dl4jplus.bilevel.search.acquisition.BeliefWeights;
import org.dl4jplus.bilevel.search.acquisition.OptimisticChoice;
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
    adapters.put("CONFIG step", adapter);
    adapters.put("ColaBO sample weights", adapter);
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
        case "CONFIG step" -> optimism(one, deviation);
        case "ColaBO sample weights" -> beliefs(one, deviation);
        default -> jointImprovement(one, deviation);
      }
    }
  }

  private static Form form(JsonNode one) {
    return Form.valueOf(one.path("kernel").asText("matern52").toUpperCase(Locale.ROOT));
  }

  private static void posterior(JsonNode one, Deviation deviation) {
    Kernel kernel =
        StationaryKernel.of(
            form(one), one.get("signalVariance").asDouble(), list(one, "lengthScales"));
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
    int n = mean.length;
    double[] logEi = new double[n];
    double[] ei = new double[n];
    double[] pi = new double[n];
    double[] lcb = new double[n];
    for (int i = 0; i < n; i++) {
      logEi[i] = Acquisitions.logExpectedImprovement(-mean[i], std[i], -best);
      ei[i] = Acquisitions.expectedImprovement(-mean[i], std[i], -best);
      pi[i] = Acquisitions.probabilityOfImprovement(-mean[i], std[i], -best);
      lcb[i] = Acquisitions.confidenceBound(mean[i], std[i], -2);
    }
    compare(deviation, one, "logExpectedImprovement", logEi);
    compare(deviation, one, "expectedImprovement", ei);
    compare(deviation, one, "probabilityOfImprovement", pi);
    compare(deviation, one, "lcbBeta2", lcb);
    if (one.has("constraintMean")) {
      double[][] means = matrix(one, "constraintMean");
      double[][] deviations = matrix(one, "constraintStd");
      double[] logFeasible = new double[n];
      Arrays.setAll(logFeasible, i -> Acquisitions.logFeasibility(means[i], deviations[i]));
      double[] constrained = new double[n];
      Arrays.setAll(constrained, i -> Math.exp(logEi[i] + logFeasible[i]));
      compare(
          deviation,
          one,
          "probabilityOfFeasibility",
          Arrays.stream(logFeasible).map(Math::exp).toArray());
      compare(deviation, one, "constrainedEI", constrained);
    }
    if (one.has("maxValueSamples")) {
      double[] maxima = list(one, "maxValueSamples");
      double[] entropy = new double[n];
      Arrays.setAll(entropy, i -> Acquisitions.maxValueEntropy(mean[i], std[i], maxima));
      compare(deviation, one, "maxValueEntropySearch", entropy);
    }
  }

  private static void noisyImprovement(JsonNode one, Deviation deviation) {
    Kernel kernel =
        StationaryKernel.of(
            form(one), one.get("signalVariance").asDouble(), list(one, "lengthScales"));
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
            StationaryKernel.of(form(one), 1, list(one, "lengthScales0")),
            StationaryKernel.of(form(one), 1, list(one, "lengthScales1")),
            one.path("power").asDouble(1));
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

  private static void optimism(JsonNode one, Deviation deviation) {
    double beta = one.get("beta").asDouble();
    double[] mean = list(one, "mean");
    double[] std = list(one, "std");
    double[][] constraintMean = matrix(one, "constraintMean");
    double[][] constraintStd = matrix(one, "constraintStd");
    double[] objective = new double[mean.length];
    double[] feasible = new double[mean.length];
    int next = -1;
    double best = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < mean.length; i++) {
      double[] bounds = new double[constraintMean[i].length];
      for (int c = 0; c < bounds.length; c++) {
        bounds[c] = Acquisitions.confidenceBound(constraintMean[i][c], constraintStd[i][c], -beta);
      }
      objective[i] = Acquisitions.confidenceBound(mean[i], std[i], -beta);
      feasible[i] = OptimisticChoice.violation(bounds) <= 0 ? 1 : 0;
      double worth = OptimisticChoice.worth(objective[i], bounds);
      if (worth > best) {
        best = worth;
        next = i;
      }
    }
    compare(deviation, one, "objectiveLcb", objective);
    compare(deviation, one, "optimisticallyFeasible", feasible);
    compare(deviation, one, "next", next);
    compare(deviation, one, "declareInfeasible", next < 0 ? 1 : 0);
  }

  private static void beliefs(JsonNode one, Deviation deviation) {
    double[][] optima = matrix(one, "sampledOptima");
    double[] maxima = list(one, "sampledMaxima");
    double[] centre = list(one, "default");
    double[] confidence = list(one, "confidence");
    double[] logBeliefs = new double[optima.length];
    for (int s = 0; s < optima.length; s++) {
      for (int d = 0; d < centre.length; d++) {
        logBeliefs[s] += BeliefWeights.logLocation(optima[s][d], centre[d], confidence[d]);
      }
      if (one.hasNonNull("valueBelief")) {
        double[] value = list(one, "valueBelief");
        logBeliefs[s] += BeliefWeights.logValue(maxima[s], value[0], value[1]);
      }
    }
    double[] weights =
        BeliefWeights.weights(
            logBeliefs,
            one.get("observations").asInt(),
            one.get("decayBeta").asDouble(),
            one.get("decayPower").asDouble(),
            one.path("priorFloor").asDouble(BeliefWeights.FLOOR));
    compare(deviation, one, "weights", weights);
    double[][] values = matrix(one, "functionValuesAtCandidates");
    double[] improvements = new double[values[0].length];
    for (int c = 0; c < improvements.length; c++) {
      int column = c;
      improvements[c] =
          BeliefWeights.improvement(
              weights,
              Arrays.stream(values).mapToDouble(row -> row[column]).toArray(),
              list(one, "bestPerSample"));
    }
    compare(deviation, one, "weightedEI", improvements);
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

  /** Numbers (booleans as 0 and 1) of a plain list, of an array with its shape, or a single one. */
  static double[] list(JsonNode node, String field) {
    JsonNode value = node.get(field);
    if (value.isNumber()) {
      return new double[] {value.asDouble()};
    }
    if (value.isBoolean()) {
      return new double[] {value.asBoolean() ? 1 : 0};
    }
    if (value.isArray() && value.size() > 0 && value.get(0).isBoolean()) {
      return IntStream.range(0, value.size())
          .mapToDouble(i -> value.get(i).asBoolean() ? 1 : 0)
          .toArray();
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
