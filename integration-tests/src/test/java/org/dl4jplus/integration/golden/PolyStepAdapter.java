package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.optim.zeroth.PolyStep;
import org.dl4jplus.optim.zeroth.PolyStepES;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.search.AnnealingSchedule;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** PolyStep with recorded rotations, and its schedules; always in double precision. */
final class PolyStepAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private PolyStepAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("PolyStep", PolyStepAdapter::search);
    adapters.put("PolyStepSchedules", PolyStepAdapter::schedules);
  }

  private static <T> T read(JsonNode json, Class<T> type) {
    try {
      return JSON.readValue(json.toString(), type);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void search(GoldenFile file, DataType type, Deviation deviation) {
    ObjectNode config = file.config().put("@class", PolyStep.class.getName());
    if (config.path("costScale").isNumber()) {
      config.put("costDivisor", config.get("costScale").asDouble()).put("costScale", "NONE");
    }
    JsonNode json = file.json();
    double[] start = ZerothOrderProblem.array(json, "particles0");
    int count = json.get("particles0").get("shape").get(0).asInt();
    PolyStepES search =
        new PolyStepES(
            read(config, PolyStep.class),
            rows(start, count),
            (iteration, particle, p) -> {
              JsonNode recorded = json.get("rotations").get((int) iteration).get(particle);
              double[][] rotation = new double[p][];
              for (int i = 0; i < p; i++) {
                rotation[i] = GoldenFile.numbers(recorded.get(i));
              }
              return rotation;
            });
    ZoObjective function = ZerothOrderProblem.of(json.get("problem"));
    for (int t = 0; t < file.rows("rotations"); t++) {
      double[][] candidates = search.ask();
      double[] costs = new double[candidates.length];
      for (int c = 0; c < costs.length; c++) {
        costs[c] = function.value(Nd4j.createFromArray(candidates[c]));
      }
      search.tell(costs);
      double[][] each = rows(costs, count);
      double[][] particles = search.particles();
      for (int i = 0; i < count; i++) {
        deviation.compare(
            "costs " + t, GoldenFile.numbers(json.get("expectedCosts").get(t).get(i)), each[i]);
        deviation.compare(
            "particles " + t,
            GoldenFile.numbers(json.get("expectedParticles").get(t).get(i)),
            particles[i]);
      }
    }
    double[] best = {search.bestFitness()};
    deviation.compare("best", new double[] {json.get("bestFitness").asDouble()}, best);
  }

  private static double[][] rows(double[] all, int count) {
    int length = all.length / count;
    double[][] rows = new double[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = java.util.Arrays.copyOfRange(all, i * length, (i + 1) * length);
    }
    return rows;
  }

  private static void schedules(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode recorded : file.json().get("schedules")) {
      AnnealingSchedule schedule =
          read(
              ((ObjectNode) recorded.deepCopy()).put("@class", AnnealingSchedule.class.getName()),
              AnnealingSchedule.class);
      double[] iterations = GoldenFile.numbers(recorded.get("iterations"));
      double[] values = new double[iterations.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = schedule.valueAt((int) iterations[i], 0);
      }
      deviation.compare(schedule.toString(), GoldenFile.numbers(recorded.get("expected")), values);
    }
  }
}
