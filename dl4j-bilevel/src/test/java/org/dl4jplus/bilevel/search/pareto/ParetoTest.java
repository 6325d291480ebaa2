package org.dl4jplus.bilevel.search.pareto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ParetoTest {

  /** Whole numbers, so that ties and equal points occur. */
  private static double[][] points(int n, int objectives, int values, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] points = new double[n][objectives];
    for (double[] point : points) {
      Arrays.setAll(point, k -> random.nextInt(values));
    }
    return points;
  }

  /** Counts the unit cells that some point covers. */
  private static double cells(double[][] points, double[] reference) {
    int objectives = reference.length;
    int side = (int) reference[0];
    int covered = 0;
    for (int cell = 0; cell < Math.pow(side, objectives); cell++) {
      int rest = cell;
      int[] at = new int[objectives];
      for (int k = 0; k < objectives; k++, rest /= side) {
        at[k] = rest % side;
      }
      for (double[] point : points) {
        boolean inside = true;
        for (int k = 0; k < objectives; k++) {
          inside &= point[k] <= at[k];
        }
        if (inside) {
          covered++;
          break;
        }
      }
    }
    return covered;
  }

  @Test
  void theVolumeIsThatOfTheCoveredCells() {
    for (int objectives = 1; objectives <= 5; objectives++) {
      double[] reference = new double[objectives];
      Arrays.fill(reference, 6);
      for (int seed = 0; seed < 10; seed++) {
        // Some points lie at the reference or beyond.
        double[][] points = points(12, objectives, 8, seed);
        double volume = Hypervolume.of(points, reference);
        assertEquals(cells(points, reference), volume, 1e-9);
        double[] exclusive = Hypervolume.exclusive(points, reference);
        for (int i = 0; i < points.length; i++) {
          double[][] others = points.clone();
          others[i] = reference;
          assertEquals(volume - cells(others, reference), exclusive[i], 1e-9);
        }
      }
    }
    assertEquals(0, Hypervolume.of(new double[0][], new double[] {1, 1}));
  }

  @Test
  void theRecursionAgreesWithTheSlices() {
    for (int seed = 0; seed < 5; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      double[][] three = new double[15][];
      double[][] four = new double[15][];
      for (int i = 0; i < 15; i++) {
        three[i] = random.doubles(3).toArray();
        four[i] = Arrays.copyOf(three[i], 4);
      }
      assertEquals(
          2 * Hypervolume.of(three, new double[] {1, 1, 1}),
          Hypervolume.of(four, new double[] {1, 1, 1, 2}),
          1e-12);
    }
  }

  @Test
  void frontsAreDominatedByTheOneBeforeAndByNoneOfTheirOwn() {
    for (int seed = 0; seed < 5; seed++) {
      double[][] points = points(40, 2 + seed % 3, 6, seed);
      int[] ranks = ParetoFronts.ranks(points);
      for (int i = 0; i < points.length; i++) {
        boolean byBefore = ranks[i] == 0;
        for (int j = 0; j < points.length; j++) {
          if (ParetoFronts.dominates(points[j], points[i])) {
            assertTrue(ranks[j] < ranks[i]);
            byBefore |= ranks[j] == ranks[i] - 1;
          }
        }
        assertTrue(byBefore);
      }
    }
  }

  @Test
  void theNetTakesTheFarthestOfEachFront() {
    double[][] points = {{3, 3}, {0, 4}, {4, 0}, {1, 3}, {2, 1}, {5, 5}, {0, 4}};
    // From (0, 4) the farthest is (4, 0), then (2, 1), (1, 3), and its equal last.
    assertArrayEquals(new int[] {1, 2, 4, 3, 6, 0, 5}, ParetoFronts.netOrder(points));
    for (int seed = 0; seed < 5; seed++) {
      double[][] many = points(30, 3, 9, seed);
      int[] order = ParetoFronts.netOrder(many);
      int[] ranks = ParetoFronts.ranks(many);
      assertEquals(30, Arrays.stream(order).distinct().count());
      for (int i = 1; i < order.length; i++) {
        assertTrue(ranks[order[i]] >= ranks[order[i - 1]]);
      }
    }
    assertEquals(0, ParetoFronts.netOrder(new double[0][]).length);
  }

  @Test
  void theArchiveIsTheFirstFrontWhateverTheOrder() {
    double[][] points = points(60, 3, 8, 4);
    int[] ranks = ParetoFronts.ranks(points);
    ParetoArchive<Integer> up = new ParetoArchive<>();
    ParetoArchive<Integer> down = new ParetoArchive<>();
    for (int i = 0; i < points.length; i++) {
      up.add(i, points[i]);
      down.add(points.length - 1 - i, points[points.length - 1 - i]);
    }
    List<Integer> expected = up.items().stream().sorted().toList();
    assertEquals(expected, down.items().stream().sorted().toList());
    for (int i = 0; i < points.length; i++) {
      assertEquals(ranks[i] == 0, expected.contains(i));
    }
    double[] reference = {8, 8, 8};
    assertEquals(Hypervolume.of(points, reference), up.hypervolume(reference), 1e-9);
    assertFalse(up.add(99, new double[] {8, 8, 8}));
  }

  @Test
  void referencesLieBeyondTheWorstOnEitherSideOfZero() {
    assertArrayEquals(
        new double[] {2.2, -0.9}, Hypervolume.reference(new double[][] {{2, -3}, {1, -1}}), 1e-12);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> ParetoFronts.ranks(new double[][] {{1, 2}, {1}}));
    assertThrows(
        IllegalArgumentException.class, () -> ParetoFronts.ranks(new double[][] {{Double.NaN}}));
    assertThrows(
        IllegalArgumentException.class,
        () -> ParetoFronts.netOrder(new double[][] {{Double.POSITIVE_INFINITY, 1}}));
    assertThrows(
        IllegalArgumentException.class,
        () -> Hypervolume.of(new double[][] {{1, 2}}, new double[] {1}));
    assertThrows(IllegalArgumentException.class, () -> Hypervolume.reference(new double[0][]));
    ParetoArchive<String> archive = new ParetoArchive<>();
    archive.add("one", new double[] {1, 2});
    assertThrows(IllegalArgumentException.class, () -> archive.add("two", new double[] {1}));
    assertThrows(
        IllegalArgumentException.class, () -> archive.add("two", new double[] {1, Double.NaN}));
  }
}
