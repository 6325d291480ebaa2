package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.privacy.ExponentialQuantile;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The private quantile's intervals and their probabilities, in double precision always. */
final class QuantileAdapter {

  private QuantileAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("ExponentialQuantile", QuantileAdapter::run);
  }

  private static void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      double[] values = GoldenFile.numbers(one.get("x").get("data"));
      ExponentialQuantile quantile =
          ExponentialQuantile.builder()
              .lower(one.get("lower").asDouble())
              .upper(one.get("upper").asDouble())
              .quantile(one.get("quantile").asDouble())
              .epsilon(one.get("epsilon").asDouble())
              .build();
      deviation.compare(
          "edges", GoldenFile.numbers(one.get("edges").get("data")), quantile.edges(values));
      deviation.compare(
          "probabilities",
          GoldenFile.numbers(one.get("probabilities").get("data")),
          quantile.probabilities(values));
    }
  }
}
