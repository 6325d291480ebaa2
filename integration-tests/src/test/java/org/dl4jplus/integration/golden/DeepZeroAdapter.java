package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.zeroth.DeepZero;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** DeepZero's estimates, scores and mask along recorded directions, always in double precision. */
final class DeepZeroAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("DeepZero", new DeepZeroAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    DeepZero method;
    try {
      method =
          JSON.readValue(
              file.config().put("@class", DeepZero.class.getName()).toString(), DeepZero.class);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    JsonNode json = file.json();
    INDArray x =
        Nd4j.createFromArray(ZerothOrderProblem.array(json, "weight", "params", "x")).dup();
    int n = (int) x.length();
    ZoProblem problem =
        ZoProblem.of(
            ZerothOrderProblem.of(json.get("problem")),
            x,
            ZerothOrderProblem.stretches(json.get("problem"), n));
    Directions directions =
        (iteration, query, from, target, length) -> {
          double[] z = file.numbers("rgeGaussians" + iteration, query);
          System.arraycopy(z, (int) from, target, 0, length);
        };
    double[] g0 = method.randomEstimate(problem, directions, 0);
    compare(json, deviation, "expectedRge0", g0);
    if (file.has("expectedRge1")) {
      INDArray saved = x.dup();
      x.addi(Nd4j.createFromArray(g0).mul(method.getGraspStep()));
      compare(json, deviation, "expectedRge1", method.randomEstimate(problem, directions, 1));
      x.assign(saved);
    }
    double[] scores = method.scores(problem, directions, 0);
    compare(json, deviation, "expectedScore", scores);
    double[] mask = method.mask(problem, scores);
    compare(json, deviation, "expectedMask", mask);
    double[] all = new double[n];
    Arrays.fill(all, 1);
    double mu = method.getStepSize() == -1 ? method.getLearningRate() : method.getStepSize();
    double[] base = new double[1];
    compare(json, deviation, "expectedFullCge", method.coordinateEstimate(problem, all, mu, base));
    compare(
        json, deviation, "expectedSparseCge", method.coordinateEstimate(problem, mask, mu, base));
  }

  private static void compare(JsonNode json, Deviation deviation, String field, double[] actual) {
    if (json.hasNonNull(field)) {
      deviation.compare(field, ZerothOrderProblem.array(json, field), actual);
    }
  }
}
