package org.dl4jplus.optim.first.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class CounterNoiseTest {

  private static JsonNode golden() throws IOException {
    return new ObjectMapper()
        .readTree(CounterNoiseTest.class.getResource("/golden/noise-default.json"));
  }

  @Test
  void recordedStreamsAreReproduced() throws IOException {
    for (JsonNode c : golden().get("cases")) {
      long seed = c.get("seed").asLong();
      long offset = c.get("offset").asLong();
      JsonNode words = c.get("words");
      for (int w = 0; w < words.size(); w++) {
        assertEquals(Long.parseLong(words.get(w).asText()), CounterNoise.word(seed, w));
      }
      check(c.get("rademacher"), Distribution.RADEMACHER, seed, offset, 0);
      check(c.get("uniform"), Distribution.UNIFORM, seed, offset, 0);
      check(c.get("gaussian"), Distribution.GAUSSIAN, seed, offset, 1e-12);
      check(c.get("gaussianTable"), Distribution.GAUSSIAN_TABLE, seed, offset, 1e-9);
    }
    for (JsonNode s : golden().get("stepSeeds")) {
      assertEquals(
          Long.parseLong(s.get("seed").asText()),
          CounterNoise.deriveSeed(
              s.get("base").asLong(),
              s.get("iteration").asLong(),
              s.get("query").asLong(),
              s.get("worker").asLong()));
    }
  }

  private static void check(
      JsonNode expected, Distribution distribution, long seed, long offset, double tolerance) {
    double[] actual = new double[expected.size()];
    CounterNoise.fill(distribution, seed, offset, actual, actual.length);
    for (int i = 0; i < actual.length; i++) {
      assertEquals(expected.get(i).asDouble(), actual[i], tolerance, distribution + " " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(Distribution.class)
  void anySliceIsTheSame(Distribution distribution) {
    long seed = CounterNoise.deriveSeed(-5, 3, 1);
    long far = 5L * Integer.MAX_VALUE;
    double[] whole = new double[200];
    CounterNoise.fill(distribution, seed, far, whole, whole.length);
    for (int start = 0; start < 130; start++) {
      double[] slice = new double[70];
      double[] single = new double[70];
      CounterNoise.fill(distribution, seed, far + start, slice, slice.length);
      for (int i = 0; i < single.length; i++) {
        single[i] = CounterNoise.at(distribution, seed, far + start + i);
      }
      assertArrayEquals(java.util.Arrays.copyOfRange(whole, start, start + 70), slice);
      assertArrayEquals(slice, single);
    }
  }

  @ParameterizedTest
  @EnumSource(Distribution.class)
  void momentsAreRight(Distribution distribution) {
    int n = 200_000;
    double[] z = new double[n];
    CounterNoise.fill(distribution, CounterNoise.deriveSeed(1), 0, z, n);
    double mean = 0;
    double square = 0;
    for (double v : z) {
      mean += v / n;
      square += v * v / n;
    }
    boolean uniform = distribution == Distribution.UNIFORM;
    // Five standard errors: of the mean at most 1/sqrt(n), of the square at most sqrt(2/n).
    assertEquals(uniform ? 0.5 : 0, mean, 5 / Math.sqrt(n));
    assertEquals(uniform ? 1.0 / 3 : 1, square, 5 * Math.sqrt(2.0 / n));
  }
}
