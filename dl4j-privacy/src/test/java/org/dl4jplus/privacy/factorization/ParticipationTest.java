package org.dl4jplus.privacy.factorization;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParticipationTest {

  private static TriangularFactorization random(int n, int bands, long seed) {
    Random random = new Random(seed);
    double[][] c = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = Math.max(0, i - bands + 1); j < i; j++) {
        c[i][j] = random.nextGaussian();
      }
      c[i][i] = 0.2 + random.nextDouble();
    }
    return TriangularFactorization.of(c);
  }

  /** By all subsets of the steps. */
  private static double brute(
      Factorization factorization, int times, int separation, boolean fixed) {
    int n = factorization.steps();
    double largest = 0;
    for (int set = 1; set < 1 << n; set++) {
      boolean allowed = Integer.bitCount(set) <= times;
      double sum = 0;
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n && (set >> i & 1) == 1; j++) {
          if ((set >> j & 1) == 1) {
            int gap = Math.abs(i - j);
            allowed &= gap == 0 || (fixed ? gap % separation == 0 : gap >= separation);
            sum += Math.abs(factorization.gram(i, j));
          }
        }
      }
      largest = allowed ? Math.max(largest, sum) : largest;
    }
    return Math.sqrt(largest);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "9, 3, 3", "10, 3, 4", "10, 5, 2", "10, 10, 1", "7, 1, 7", "5, 2, 8"})
  void agreesWithAllSubsets(int n, int times, int separation) {
    for (int bands : new int[] {1, Math.min(n, separation), n}) {
      Factorization factorization = random(n, bands, 7 * n + bands);
      assertEquals(
          brute(factorization, times, separation, true),
          Participation.fixedEpoch(n, times, separation).sensitivity(factorization),
          1e-12);
      for (int fewer = 1; fewer <= times; fewer++) {
        assertEquals(
            brute(factorization, fewer, separation, false),
            Participation.minSeparation(n, fewer, separation).sensitivity(factorization),
            1e-12,
            "bands " + bands);
      }
    }
  }

  /** No gradients of norm at most 1 move C G further. */
  @Test
  void boundsTheNormForAnyGradients() {
    int n = 8;
    TriangularFactorization c = random(n, n, 1);
    double sensitivity = Participation.fixedEpoch(n, 4, 2).sensitivity(c);
    Random random = new Random(4);
    double largest = 0;
    for (int trial = 0; trial < 2000; trial++) {
      double[][] g = new double[n][3];
      for (int i = trial % 2; i < n; i += 2) {
        double norm = 0;
        for (int d = 0; d < 3; d++) {
          g[i][d] = random.nextGaussian();
          norm += g[i][d] * g[i][d];
        }
        for (int d = 0; d < 3; d++) {
          g[i][d] /= Math.sqrt(norm);
        }
      }
      double square = 0;
      for (int t = 0; t < n; t++) {
        for (int d = 0; d < 3; d++) {
          double sum = 0;
          for (int i = 0; i <= t; i++) {
            sum += c.entry(t, i) * g[i][d];
          }
          square += sum * sum;
        }
      }
      largest = Math.max(largest, Math.sqrt(square));
    }
    assertTrue(largest <= sensitivity * (1 + 1e-12));
    assertTrue(largest > sensitivity / 2);
  }

  /** Where there are too many patterns: above each of them, for n where both are known. */
  @Test
  void upperBoundIsOne() {
    int n = 60;
    TriangularFactorization c = TriangularFactorization.squareRoot(n, n);
    double bound = Participation.minSeparation(n, 12, 5).sensitivity(c);
    double fixed = Participation.fixedEpoch(n, 12, 5).sensitivity(c);
    assertTrue(bound >= fixed && bound < 2 * fixed, bound + " " + fixed);
    Random random = new Random(9);
    for (int trial = 0; trial < 300; trial++) {
      double sum = 0;
      int used = 0;
      int[] pattern = new int[12];
      for (int i = random.nextInt(5); i < n && used < 12; i += 5 + random.nextInt(3)) {
        pattern[used++] = i;
      }
      for (int a = 0; a < used; a++) {
        for (int b = 0; b < used; b++) {
          sum += c.gram(pattern[a], pattern[b]);
        }
      }
      assertTrue(Math.sqrt(sum) <= bound);
    }
  }

  @Test
  void bandsWithinTheSeparationCostTheDiagonalAlone() {
    TriangularFactorization c = TriangularFactorization.squareRoot(40, 10);
    double column = Math.sqrt(c.gram(0, 0));
    assertEquals(2 * column, Participation.fixedEpoch(40, 4, 10).sensitivity(c), 1e-12);
    double separated = Participation.minSeparation(40, 4, 10).sensitivity(c);
    // The last columns are cut off, so that the best pattern begins early.
    assertEquals(2 * column, separated, 1e-12);
    // Long runs, too.
    assertTrue(
        Participation.minSeparation(100_000, 10, 10_000)
                .sensitivity(TriangularFactorization.squareRoot(100_000, 100))
            > 3);
  }

  @Test
  void coversFixedEpochs() {
    assertTrue(Participation.fixedEpoch(20, 2, 10).coversFixedEpochs(20, 10));
    assertFalse(Participation.fixedEpoch(20, 2, 10).coversFixedEpochs(21, 10));
    assertFalse(Participation.fixedEpoch(20, 2, 10).coversFixedEpochs(20, 5));
    assertFalse(Participation.fixedEpoch(20, 4, 5).coversFixedEpochs(20, 10));
    assertTrue(Participation.minSeparation(20, 4, 5).coversFixedEpochs(20, 10));
    assertFalse(Participation.minSeparation(20, 4, 11).coversFixedEpochs(20, 10));
    assertFalse(Participation.minSeparation(20, 1, 5).coversFixedEpochs(20, 10));
  }

  @Test
  void rejects() {
    assertRejected("times", () -> Participation.fixedEpoch(9, 2, 4));
    assertRejected("times", () -> Participation.minSeparation(9, 0, 4));
    assertRejected("separation", () -> Participation.minSeparation(9, 2, 0));
    assertRejected("steps", () -> Participation.minSeparation(0, 2, 1));
    assertRejected("order", () -> new Participation(null, 1, 1, 1));
    assertRejected(
        "steps",
        () -> Participation.fixedEpoch(9, 1, 9).sensitivity(TriangularFactorization.identity(8)));
    assertRejected(
        "8192",
        () ->
            Participation.minSeparation(9000, 50, 10).sensitivity(new FourierFactorization(9000)));
  }

  private static void assertRejected(String part, Runnable call) {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }
}
