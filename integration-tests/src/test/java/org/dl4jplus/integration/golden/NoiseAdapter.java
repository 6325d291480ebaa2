package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.noise.SplitMixStream;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The counter-based noise, and the draws that are made of it. */
final class NoiseAdapter implements GoldenAdapter {

  /** The files do not say for which shapes they hold; these are the ones that fit. */
  private static final double[] GAMMA_SHAPES = {0.05, 0.5, 1, 3.7};

  private static final double CONCENTRATION = 0.1;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("CounterNoise", new NoiseAdapter());
    adapters.put("SharedRandomness", NoiseAdapter::shared);
  }

  /** Each draw has a fresh stream of the seed. */
  private static void shared(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      long[] keys = new long[one.get("keys").size()];
      Arrays.setAll(keys, k -> word(one.get("keys").get(k)));
      long seed = CounterNoise.deriveSeed(word(one.get("runSeed")), keys);
      exactly(deviation, "seed", word(one.get("expectedSeed")), seed);
      SplitMixStream words = new SplitMixStream(seed);
      for (JsonNode expected : one.get("expectedWords")) {
        exactly(deviation, "word", word(expected), words.nextWord());
      }
      double[] uniforms = GoldenFile.numbers(one.get("expectedUniforms"));
      SplitMixStream stream = new SplitMixStream(seed);
      double[] drawn = new double[uniforms.length];
      Arrays.setAll(drawn, i -> stream.nextUniform());
      deviation.compare("uniforms", uniforms, drawn);
      vector(deviation, Distribution.RADEMACHER, seed, one.get("expectedRademacher"));
      vector(deviation, Distribution.GAUSSIAN, seed, one.get("expectedGaussian"));
      int[] order = new int[one.get("expectedShuffle10").size()];
      Arrays.setAll(order, i -> i);
      new SplitMixStream(seed).shuffle(order);
      deviation.compare(
          "shuffle",
          GoldenFile.numbers(one.get("expectedShuffle10")),
          Arrays.stream(order).asDoubleStream().toArray());
      double[] gammas = new double[GAMMA_SHAPES.length];
      Arrays.setAll(gammas, i -> new SplitMixStream(seed).gamma(GAMMA_SHAPES[i]));
      deviation.compare("gamma", GoldenFile.numbers(one.get("expectedGamma")), gammas);
      double[] shares = GoldenFile.numbers(one.get("expectedDirichlet"));
      double[] concentrations = new double[shares.length];
      Arrays.fill(concentrations, CONCENTRATION);
      deviation.compare("dirichlet", shares, new SplitMixStream(seed).dirichlet(concentrations));
    }
  }

  private static void vector(
      Deviation deviation, Distribution distribution, long seed, JsonNode expected) {
    double[] values = new double[expected.size()];
    CounterNoise.fill(distribution, seed, 0, values, values.length);
    deviation.compare(distribution.name(), GoldenFile.numbers(expected), values);
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
