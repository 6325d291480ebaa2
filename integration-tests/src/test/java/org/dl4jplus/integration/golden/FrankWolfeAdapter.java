package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.ZOFrankWolfe;
import org.dl4jplus.optim.zeroth.ZoStep;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.search.FeasibleSet;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Frank-Wolfe by values and its linear minimization oracles, always in double precision. */
final class FrankWolfeAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private FrankWolfeAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("ZOFrankWolfe", FrankWolfeAdapter::steps);
    adapters.put("LinearMinimisationOracles", FrankWolfeAdapter::oracles);
  }

  private static void oracles(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode json = file.json();
    double radius = json.path("radius").asDouble(1);
    double[] gradient = ZerothOrderProblem.array(json, "gradient");
    oracle(file, "expectedL1", FeasibleSet.l1(radius), gradient, deviation);
    oracle(file, "expectedL2", FeasibleSet.l2(radius), gradient, deviation);
    oracle(file, "expectedLinf", FeasibleSet.linf(radius), gradient, deviation);
    oracle(file, "expectedSimplex", FeasibleSet.simplex(radius), gradient, deviation);
    int k = json.path("k").asInt(1);
    oracle(file, "expectedKSupport", FeasibleSet.supportOf(radius, k), gradient, deviation);
    if (file.has("expectedBox")) {
      FeasibleSet box = FeasibleSet.box(file.numbers("boxLower"), file.numbers("boxUpper"));
      oracle(file, "expectedBox", box, gradient, deviation);
    }
    if (file.has("expectedNuclear")) {
      double[] matrix = ZerothOrderProblem.array(json, "matrixGradient");
      int rows = json.get("matrixGradient").get("shape").get(0).asInt();
      oracle(file, "expectedNuclear", FeasibleSet.nuclear(radius, rows), matrix, deviation);
    }
  }

  private static void oracle(
      GoldenFile file, String field, FeasibleSet set, double[] gradient, Deviation deviation) {
    if (file.has(field)) {
      deviation.compare(
          field, ZerothOrderProblem.array(file.json(), field), set.minimizer(gradient));
    }
  }

  private static void steps(GoldenFile file, DataType type, Deviation deviation) {
    ZOFrankWolfe method;
    try {
      method =
          JSON.readValue(
              file.config().put("@class", ZOFrankWolfe.class.getName()).toString(),
              ZOFrankWolfe.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    JsonNode json = file.json();
    INDArray x = Nd4j.createFromArray(ZerothOrderProblem.array(json, "x0"));
    ZoObjective function = ZerothOrderProblem.of(json.get("problem"));
    ZoProblem problem = ZoProblem.of(function, x);
    Perturber perturber = new Perturber(x, problem.stretches());
    GradientState state = new GradientState();
    Directions directions =
        (iteration, query, from, target, length) ->
            System.arraycopy(
                GoldenFile.numbers(json.get("directions").get((int) iteration).get(query)),
                (int) from,
                target,
                0,
                length);
    int n = (int) x.length();
    double[] before = new double[n];
    for (int t = 0; t < file.rows("expectedX"); t++) {
      method.step(new ZoStep(problem, perturber, t, 0, state), directions);
      double[] average = ZOFrankWolfe.direction(state).toDoubleVector();
      double[] estimate = new double[n];
      double rho = method.weight(n, t);
      for (int i = 0; i < n; i++) {
        estimate[i] = (average[i] - (1 - rho) * before[i]) / rho;
      }
      before = average;
      deviation.compare("estimate " + t, file.numbers("expectedEstimates", t), estimate);
      deviation.compare("x " + t, file.numbers("expectedX", t), x.toDoubleVector());
      deviation.compare(
          "value " + t,
          new double[] {file.numbers("expectedF")[t]},
          new double[] {function.value(x)});
      deviation.compare(
          "gap " + t,
          new double[] {file.numbers("expectedEstimatedGap")[t]},
          new double[] {ZOFrankWolfe.gap(state)});
    }
  }
}
