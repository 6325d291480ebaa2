package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.ot.solver.MongeGap;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Networks as maps between points of one space, always in double precision. */
final class MapAdapter {

  private MapAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("MongeGap", MapAdapter::mongeGap);
  }

  private static void mongeGap(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.config();
    JsonNode inputs = file.json().get("inputs");
    MongeGap.Gap gap =
        MongeGap.builder()
            .epsilon(config.has("epsilon") ? (Double) config.get("epsilon").asDouble() : null)
            .tolerance(1e-12)
            .build()
            .evaluate(rows(inputs.get("x")), rows(inputs.get("y")));
    compare(file, deviation, "mongeGap", gap.value());
    compare(file, deviation, "entRegCost", gap.transport().entRegCost());
    compare(file, deviation, "meanDisplacementCost", gap.displacement());
    compare(file, deviation, "gradY", gap.gradientY());
  }

  private static double[] data(JsonNode array) {
    return GoldenFile.numbers(array.get("data"));
  }

  private static double[][] rows(JsonNode array) {
    double[] data = data(array);
    int columns = array.get("shape").get(1).asInt();
    double[][] rows = new double[data.length / columns][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(data, i * columns, (i + 1) * columns));
    return rows;
  }

  private static void compare(GoldenFile file, Deviation deviation, String name, double actual) {
    double expected = file.json().get("expected").get(name).asDouble();
    deviation.compare(name, new double[] {expected}, new double[] {actual});
  }

  private static void compare(GoldenFile file, Deviation deviation, String name, double[] actual) {
    deviation.compare(name, data(file.json().get("expected").get(name)), actual);
  }
}
