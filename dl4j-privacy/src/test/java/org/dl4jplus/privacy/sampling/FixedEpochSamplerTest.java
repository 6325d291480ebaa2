package org.dl4jplus.privacy.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FixedEpochSamplerTest {

  @ParameterizedTest
  @CsvSource({"10, 0.3, 3, 4", "10, 1, 10, 1", "7, 0.01, 1, 7", "1, 0.2, 1, 1", "100, 0.1, 10, 10"})
  void everyEpochHasTheSameDisjointBatches(int records, double rate, int batch, int batches) {
    FixedEpochSampler sampler = new FixedEpochSampler(records, rate, new SeededNoise(1));
    assertEquals(batch, sampler.expectedSize());
    assertEquals(batches, FixedEpochSampler.batches(records, rate));
    int[] all =
        IntStream.range(0, batches).flatMap(t -> Arrays.stream(sampler.draw(t, null))).toArray();
    for (int t = 0; t < batches; t++) {
      assertArrayEquals(sampler.draw(t, null), sampler.draw(t + 3 * batches, null));
      assertEquals(t == 0, sampler.gaussian(t + batches, 1) != null);
    }
    Arrays.sort(all);
    assertArrayEquals(IntStream.range(0, records).toArray(), all);
  }

  @Test
  void orderComesFromTheSource() {
    int[] first = new FixedEpochSampler(50, 1, new SeededNoise(1)).draw(0, null);
    assertArrayEquals(first, new FixedEpochSampler(50, 1, new SeededNoise(1)).draw(0, null));
    assertFalse(
        Arrays.equals(first, new FixedEpochSampler(50, 1, new SeededNoise(2)).draw(0, null)));
    assertFalse(Arrays.equals(first, IntStream.range(0, 50).toArray()));
  }

  @Test
  void rejects() {
    SeededNoise source = new SeededNoise(1);
    assertNull(new FixedEpochSampler(4, 0.5, source).gaussian(1, 1));
    assertThrows(IllegalArgumentException.class, () -> new FixedEpochSampler(0, 0.5, source));
    assertThrows(IllegalArgumentException.class, () -> new FixedEpochSampler(4, 0, source));
    assertThrows(IllegalArgumentException.class, () -> new FixedEpochSampler(4, 1.5, source));
  }
}
