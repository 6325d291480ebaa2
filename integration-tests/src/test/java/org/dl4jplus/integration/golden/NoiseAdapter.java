package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The counter-based noise. */
final class NoiseAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("CounterNoise", new NoiseAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      long seed = word(one.get("seed"));
      long offset = word(one.get("offset"));
      for (int w = 0; w < one.get("words").size(); w++) {
        exactly(deviation, "word " + w, word(one.get("words").get(w)), CounterNoise.word(seed, w));
      }
      for (Distribution distribution : Distribution.values()) {
        JsonNode expected = field(one, distribution);
        if (expected != null) {
          double[] values = new double[expected.size()];
          CounterNoise.fill(distribution, seed, offset, values, values.length);
          deviation.compare(distribution.name(), GoldenFile.numbers(expected), values);
        }
      }
    }
    for (JsonNode one : file.json().path("stepSeeds")) {
      exactly(
          deviation,
          "step seed",
          word(one.get("seed")),
          Directions.stepSeed(
              word(one.get("base")),
              word(one.get("iteration")),
              word(one.get("query")),
              word(one.get("worker"))));
    }
  }

  /** GAUSSIAN_TABLE is gaussianTable, and so on. */
  private static JsonNode field(JsonNode one, Distribution distribution) {
    for (var names = one.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (name.equalsIgnoreCase(distribution.name().replace("_", ""))) {
        return one.get(name);
      }
    }
    return null;
  }

  private static long word(JsonNode node) {
    return Long.parseLong(node.asText());
  }

  private static void exactly(Deviation deviation, String what, long expected, long actual) {
    // Not a number is worse than any tolerance.
    deviation.compare(what, new double[] {0}, new double[] {expected == actual ? 0 : Double.NaN});
  }
}
