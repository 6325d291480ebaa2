package org.dl4jplus.privacy.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.stream.IntStream;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;

class SamplersTest {

  private final NoiseSource source = new SeededNoise(11, 4);

  private static int[] epoch(BatchSampler sampler, int first, int steps, NoiseSource source) {
    return IntStream.range(first, first + steps)
        .mapToObj(step -> sampler.draw(step, source))
        .flatMapToInt(Arrays::stream)
        .toArray();
  }

  @Test
  void aShuffledEpochHasEachRecordOnce() {
    BatchSampler sampler = new ShuffledSampler(10, 4);
    int[] all = IntStream.range(0, 10).toArray();
    int[] first = epoch(sampler, 0, 3, source);
    int[] second = epoch(sampler, 3, 3, source);
    assertFalse(Arrays.equals(first, second));
    assertArrayEquals(all, Arrays.stream(first).sorted().toArray());
    assertArrayEquals(all, Arrays.stream(second).sorted().toArray());
    assertEquals(4, sampler.expectedSize());
    assertEquals(2, sampler.draw(6, source).length + sampler.draw(8, source).length - 4);
  }

  @Test
  void anEpochIsPaidForWhenItStarts() {
    BatchSampler sampler = new ShuffledSampler(10, 4);
    for (int step = 0; step < 9; step++) {
      PrivacyEvent event = sampler.gaussian(step, 1.5);
      if (step % 3 == 0) {
        assertEquals(
            new PrivacyEvent.Gaussian(
                1.5, EnumSet.of(Neighbours.REPLACE_ZERO, Neighbours.REPLACE_ONE)),
            event);
      } else {
        assertNull(event);
      }
    }
  }

  @Test
  void aRestoredEpochGoesOn() {
    ShuffledSampler sampler = new ShuffledSampler(10, 4);
    assertNull(sampler.order());
    int[] drawn = sampler.draw(0, source);
    int[] order = sampler.order();
    ShuffledSampler again = new ShuffledSampler(10, 4);
    assertThrows(IllegalStateException.class, () -> again.draw(1, source));
    again.restore(null);
    again.restore(order);
    int[] rest = epoch(again, 1, 2, source);
    assertArrayEquals(order, IntStream.concat(Arrays.stream(drawn), Arrays.stream(rest)).toArray());
    order[3] = order[4];
    assertThrows(IllegalArgumentException.class, () -> again.restore(order));
    assertThrows(IllegalArgumentException.class, () -> again.restore(new int[] {0, 1}));
    order[3] = -1;
    assertThrows(IllegalArgumentException.class, () -> again.restore(order));
  }

  /** Each pair of records is in the subset equally often: within 5 standard errors for all 45. */
  @Test
  void subsetsAreUniformAndFresh() {
    int n = 10;
    int m = 4;
    int draws = 20_000;
    BatchSampler sampler = new WithoutReplacementSampler(n, m);
    int[][] together = new int[n][n];
    int repeated = 0;
    int[] last = {};
    for (int step = 0; step < draws; step++) {
      int[] drawn = Arrays.stream(sampler.draw(step, source)).sorted().toArray();
      assertEquals(m, Arrays.stream(drawn).distinct().count());
      for (int i : drawn) {
        for (int j : drawn) {
          together[i][j]++;
        }
      }
      repeated += Arrays.equals(last, drawn) ? 1 : 0;
      last = drawn;
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double p = i == j ? 0.4 : 0.4 * 3 / 9;
        assertEquals(p * draws, together[i][j], 5 * Math.sqrt(draws * p * (1 - p)));
      }
    }
    // Independent subsets are the same with probability 1 / 210.
    double p = 1 / 210.0;
    assertEquals(p * draws, repeated, 5 * Math.sqrt(draws * p));
  }

  @Test
  void eachOrderOfAnEpochIsEquallyLikely() {
    int draws = 24_000;
    int[] counts = new int[256];
    ShuffledSampler sampler = new ShuffledSampler(4, 4);
    for (int step = 0; step < draws; step++) {
      int[] o = sampler.draw(step, source);
      counts[o[0] + 4 * o[1] + 16 * o[2] + 64 * o[3]]++;
    }
    double expected = draws / 24.0;
    int seen = 0;
    for (int count : counts) {
      if (count > 0) {
        seen++;
        assertEquals(expected, count, 5 * Math.sqrt(expected));
      }
    }
    assertEquals(24, seen);
  }

  @Test
  void withoutReplacementCostsAFreshSubset() {
    BatchSampler sampler = new WithoutReplacementSampler(100, 7);
    for (int step = 0; step < 3; step++) {
      assertEquals(
          new PrivacyEvent.WithoutReplacementGaussian(
              100, 7, 2.0, EnumSet.of(Neighbours.REPLACE_ONE)),
          sampler.gaussian(step, 2));
    }
    assertEquals(7, sampler.expectedSize());
    assertNull(sampler.order());
  }

  @Test
  void badSizesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new ShuffledSampler(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new ShuffledSampler(3, 4));
    assertThrows(IllegalArgumentException.class, () -> new WithoutReplacementSampler(3, 0));
    assertThrows(IllegalArgumentException.class, () -> new WithoutReplacementSampler(3, 4));
    assertNotNull(new WithoutReplacementSampler(3, 3));
    assertTrue(new ShuffledSampler(3, 3).draw(0, source).length == 3);
  }
}
