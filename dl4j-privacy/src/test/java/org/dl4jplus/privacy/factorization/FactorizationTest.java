package org.dl4jplus.privacy.factorization;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FactorizationTest {

  private static final Workload MOMENTUM =
      Workload.momentum(new double[] {1, 0.5, 2, 1, 0.7, 0.3, 1, 1, 0.1, 0.4}, 0.9);

  /** Table 9.4 of the specification, to its digits. */
  @ParameterizedTest
  @CsvSource({
    "8, 2, 4, 3, 72, 50.3, 42.7, 41.1, 36.9, 56.4",
    "12, 3, 4, 4, 234, 159.2, 113.3, 108.6, 102.5, 184.3",
    "24, 3, 8, 6, 900, 390.0, 305.6, 291.5, 251.6, 446.2"
  })
  void errorsOfTheTable(
      int n,
      int k,
      int b,
      int bands,
      double identity,
      double root,
      double bandedRoot,
      double banded,
      double epochs,
      double fft) {
    Participation participation = Participation.fixedEpoch(n, k, b);
    assertEquals(identity, total(FactorizationMethod.IDENTITY, participation, null), 0.05);
    assertEquals(root, total(FactorizationMethod.SQUARE_ROOT, participation, null), 0.05);
    assertEquals(
        bandedRoot, total(FactorizationMethod.BANDED_SQUARE_ROOT, participation, bands), 0.05);
    assertEquals(banded, total(FactorizationMethod.OPTIMAL_BANDED, participation, bands), 0.05);
    assertEquals(epochs, total(FactorizationMethod.OPTIMAL_MULTI_EPOCH, participation, null), 0.05);
    assertEquals(fft, total(FactorizationMethod.FFT, participation, null), 0.05);
  }

  private static double total(
      FactorizationMethod method, Participation participation, Integer bands) {
    Workload workload = Workload.prefixSums(participation.steps());
    return method.create(workload, participation, bands).totalSquaredError(workload, participation);
  }

  /**
   * The noise of the sums is B Z: its variance, from the stream's own coefficients, is ||B||^2. So
   * B C = A for what the stream computes.
   */
  @ParameterizedTest
  @EnumSource
  void streamsMakeTheErrors(FactorizationMethod method) {
    for (int n : new int[] {1, 2, 7, 10}) {
      Workload workload = n == 10 ? MOMENTUM : Workload.prefixSums(n);
      Factorization factorization =
          method.create(workload, Participation.fixedEpoch(n, 2, (n + 1) / 2), null);
      int length = method == FactorizationMethod.FFT ? 4 * n : 1;
      int draws = method == FactorizationMethod.FFT ? 1 : n;
      double sum = 0;
      for (int unit = 0; unit < draws * length; unit++) {
        double[] noise = stream(factorization, unitNoise(unit / length, unit % length));
        for (int t = 0; t < n; t++) {
          double[] row = workload.row(t);
          double error = 0;
          for (int i = 0; i <= t; i++) {
            error += row[i] * noise[i];
          }
          sum += error * error;
        }
      }
      double expected = factorization.squaredError(workload);
      assertEquals(expected, sum, 1e-9 * expected, "n = " + n);
    }
  }

  /** Zeros but for one number. */
  private static IndexedNoise unitNoise(long index, int place) {
    return (i, out) -> {
      Arrays.fill(out, 0);
      if (i == index) {
        out[place] = 1;
      }
    };
  }

  private static double[] stream(Factorization factorization, IndexedNoise source) {
    CorrelatedNoise noise = factorization.noise(source, 1);
    double[] all = new double[factorization.steps()];
    double[] out = new double[1];
    for (int t = 0; t < all.length; t++) {
      noise.next(out);
      all[t] = out[0];
    }
    return all;
  }

  @Test
  void noiseTimesCIsZ() {
    Random random = new Random(3);
    double[][] c = randomC(9, 4, random);
    TriangularFactorization factorization = TriangularFactorization.of(c);
    double[] z = random.doubles(9, -1, 1).toArray();
    double[] y = stream(factorization, (i, out) -> out[0] = z[(int) i]);
    for (int t = 0; t < 9; t++) {
      double sum = 0;
      for (int i = 0; i < 9; i++) {
        sum += c[t][i] * y[i];
        assertEquals(c[t][i], factorization.entry(t, i));
      }
      assertEquals(z[t], sum, 1e-12);
    }
    assertEquals(4, factorization.bands());
  }

  private static double[][] randomC(int n, int bands, Random random) {
    double[][] c = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = Math.max(0, i - bands + 1); j < i; j++) {
        c[i][j] = random.nextGaussian();
      }
      c[i][i] = 0.5 + random.nextDouble();
    }
    return c;
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FFT")
  void noiseDoesNotDependOnWhatIsDrawnLater(FactorizationMethod method) {
    int n = 8;
    Factorization factorization =
        method.create(Workload.prefixSums(n), Participation.fixedEpoch(n, 2, 4), null);
    double[] usual = stream(factorization, (i, out) -> out[0] = i + 1);
    double[] other = stream(factorization, (i, out) -> out[0] = i < 5 ? i + 1 : -100);
    assertArrayEquals(Arrays.copyOf(usual, 5), Arrays.copyOf(other, 5));
    assertTrue(usual[5] != other[5]);
  }

  @ParameterizedTest
  @EnumSource
  void skippingAgreesWithDrawing(FactorizationMethod method) {
    int n = 11;
    int d = 3;
    Factorization factorization =
        method.create(Workload.prefixSums(n), Participation.fixedEpoch(n, 3, 4), null);
    IndexedNoise source =
        (i, out) -> Arrays.setAll(out, c -> new Random(31 * i + c).nextGaussian());
    double[] drawn = new double[d];
    double[] skipped = new double[d];
    for (int to = 0; to < n; to++) {
      CorrelatedNoise all = factorization.noise(source, d);
      for (int t = 0; t <= to; t++) {
        all.next(drawn);
      }
      CorrelatedNoise some = factorization.noise(source, d);
      some.skip(to / 2);
      some.skip(to);
      some.next(skipped);
      assertEquals(to + 1, some.step());
      assertArrayEquals(drawn, skipped, 1e-14, "step " + to);
    }
  }

  @Test
  void windowsOfTheFourierStreamAgree() {
    FourierFactorization factorization = new FourierFactorization(9);
    IndexedNoise source =
        (i, out) -> Arrays.setAll(out, c -> new Random(31 * i + c).nextGaussian());
    CorrelatedNoise whole = factorization.noise(source, 5);
    CorrelatedNoise pieces = factorization.noise(source, 5, 2 * 5);
    double[] a = new double[5];
    double[] b = new double[5];
    for (int t = 0; t < 9; t++) {
      whole.next(a);
      pieces.next(b);
      assertArrayEquals(a, b);
      assertTrue(a[0] != a[1]);
    }
  }

  /** The covariance of both coordinates' prefix noise, entry by entry, from unit vectors. */
  @ParameterizedTest
  @CsvSource({"1", "3", "8", "12"})
  void fourierNoiseHasTheCovariance(int n) {
    FourierFactorization factorization = new FourierFactorization(n);
    double[][] covariance = new double[2 * n][2 * n];
    for (int unit = 0; unit < 4 * n; unit++) {
      double[] z1 = new double[2 * n];
      double[] z2 = new double[2 * n];
      (unit < 2 * n ? z1 : z2)[unit % (2 * n)] = 1;
      factorization.prefixNoise(z1, z2);
      double[] both = new double[2 * n];
      System.arraycopy(z1, 0, both, 0, n);
      System.arraycopy(z2, 0, both, n, n);
      for (int i = 0; i < 2 * n; i++) {
        for (int j = 0; j < 2 * n; j++) {
          covariance[i][j] += both[i] * both[j];
        }
      }
    }
    for (int i = 0; i < 2 * n; i++) {
      for (int j = 0; j < 2 * n; j++) {
        double expected = i / n == j / n ? factorization.gram(i % n, j % n) : 0;
        assertEquals(expected, covariance[i][j], 1e-11);
      }
    }
  }

  /** A^T R^-1 A <= C* C with R = B B*: no direction shows more than the sensitivity counts. */
  @Test
  void fourierSensitivityHoldsForAdaptiveStreams() {
    int n = 12;
    FourierFactorization factorization = new FourierFactorization(n);
    double[][] r = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        r[i][j] = factorization.gram(i, j);
      }
    }
    Random random = new Random(5);
    for (int trial = 0; trial < 200; trial++) {
      double[] g = random.doubles(n, -1, 1).toArray();
      double[] sums = g.clone();
      for (int t = 1; t < n; t++) {
        sums[t] += sums[t - 1];
      }
      double[][] copy = Arrays.stream(r).map(double[]::clone).toArray(double[][]::new);
      double[] solved = sums.clone();
      Cholesky.solve(copy, solved);
      double left = 0;
      double right = 0;
      for (int i = 0; i < n; i++) {
        left += sums[i] * solved[i];
        for (int j = 0; j < n; j++) {
          right += g[i] * r[i][j] * g[j];
        }
      }
      assertTrue(left <= right * (1 + 1e-12));
    }
  }

  @Test
  void optimaAreBetterThanTheirNeighbours() {
    int n = 10;
    Participation single = Participation.fixedEpoch(n, 1, n);
    TriangularFactorization best = OptimalFactorization.single(MOMENTUM);
    double least = best.totalSquaredError(MOMENTUM, single);
    assertEquals(
        least,
        OptimalFactorization.banded(MOMENTUM, n).totalSquaredError(MOMENTUM, single),
        1e-6 * least);
    Random random = new Random(2);
    for (int trial = 0; trial < 50; trial++) {
      double[][] c = new double[n][n];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
          c[i][j] = best.entry(i, j) + 0.01 * random.nextGaussian();
        }
      }
      double error = TriangularFactorization.of(c).totalSquaredError(MOMENTUM, single);
      assertTrue(error >= least * (1 - 1e-7), error + " < " + least);
    }
  }

  /** Errors and factors do not depend on the learning rate's scale beyond its square. */
  @Test
  void optimaScale() {
    double[] small = {1e-4, 5e-5, 2e-4, 1e-4, 7e-5, 3e-5};
    double[] large = Arrays.stream(small).map(rate -> 1e4 * rate).toArray();
    Participation epochs = Participation.fixedEpoch(6, 2, 3);
    for (FactorizationMethod method :
        new FactorizationMethod[] {
          FactorizationMethod.OPTIMAL_SINGLE,
          FactorizationMethod.OPTIMAL_BANDED,
          FactorizationMethod.OPTIMAL_MULTI_EPOCH
        }) {
      Workload a = Workload.learningRates(small);
      Workload b = Workload.learningRates(large);
      double expected = method.create(b, epochs, null).totalSquaredError(b, epochs);
      double actual = method.create(a, epochs, null).totalSquaredError(a, epochs) * 1e8;
      assertEquals(expected, actual, 1e-6 * expected);
    }
  }

  @Test
  void multiEpochKeepsItsZerosAndSensitivity() {
    int n = 14;
    TriangularFactorization best = OptimalFactorization.multiEpoch(Workload.prefixSums(n), 4);
    for (int i = 0; i < n; i++) {
      for (int j = i + 4; j < n; j += 4) {
        assertEquals(0, best.gram(i, j), 1e-14);
      }
    }
    assertEquals(1, Participation.fixedEpoch(n, 4, 4).sensitivity(best), 1e-12);
  }

  @Test
  void oneStepIsIndependentNoise() {
    Participation once = Participation.fixedEpoch(1, 1, 1);
    for (FactorizationMethod method : FactorizationMethod.values()) {
      assertEquals(1, total(method, once, null), 1e-12, method.name());
    }
  }

  @Test
  void treesKeepFewNodes() {
    TreeFactorization tree = new TreeFactorization(8);
    assertEquals(2, Participation.fixedEpoch(8, 1, 8).sensitivity(tree), 1e-15);
    // The sums of 1 to 8 steps need as many nodes as their lengths have bits.
    assertEquals(13, tree.squaredError(Workload.prefixSums(8)), 1e-12);
    assertEquals(
        Math.sqrt(5), Participation.fixedEpoch(9, 1, 9).sensitivity(new TreeFactorization(9)));
    assertTrue(tree.honaker().squaredError(Workload.prefixSums(8)) < 13);
  }

  @Test
  void workloads() {
    assertArrayEquals(new double[] {1, 1, 1}, Workload.prefixSums(5).row(2));
    assertArrayEquals(new double[] {3, 2}, Workload.learningRates(new double[] {3, 2, 1}).row(1));
    // x_2 takes in g_0 with 1, then 0.5 * 2, then 0.25 * 4.
    assertArrayEquals(
        new double[] {3, 4, 4}, Workload.momentum(new double[] {1, 2, 4}, 0.5).row(2), 1e-15);
  }

  @Test
  void noiseIsExhausted() {
    double[] out = new double[2];
    for (FactorizationMethod method : FactorizationMethod.values()) {
      Factorization factorization =
          method.create(Workload.prefixSums(3), Participation.fixedEpoch(3, 1, 3), null);
      CorrelatedNoise noise = factorization.noise((i, z) -> Arrays.fill(z, 1), 2);
      noise.skip(3);
      IllegalStateException error =
          assertThrows(IllegalStateException.class, () -> noise.next(out));
      assertTrue(error.getMessage().contains("noise exhausted"));
      assertThrows(IllegalArgumentException.class, () -> noise.skip(2));
      assertThrows(
          IllegalArgumentException.class,
          () -> factorization.noise((i, z) -> {}, 2).next(new double[3]));
    }
  }

  @Test
  void rejects() {
    assertRejected("lower triangular", () -> of(new double[][] {{1, 1}, {0, 1}}));
    assertRejected("lower triangular", () -> of(new double[][] {{1, 0}, {1, 0}}));
    assertRejected("lower triangular", () -> of(new double[][] {{-1, 0}, {1, 1}}));
    assertRejected("square", () -> of(new double[][] {{1, 0}, {1}}));
    assertRejected("finite", () -> of(new double[][] {{1, 0}, {Double.NaN, 1}}));
    assertRejected("steps", () -> Workload.prefixSums(0));
    assertRejected("learningRates", () -> Workload.learningRates(new double[] {1, 0}));
    assertRejected("momentum", () -> Workload.momentum(new double[] {1}, 1));
    assertRejected("steps", () -> new TreeFactorization(0));
    assertRejected("steps", () -> new FourierFactorization(0));
    assertRejected("2048", () -> OptimalFactorization.single(Workload.prefixSums(2049)));
    Workload eight = Workload.prefixSums(8);
    Participation epochs = Participation.fixedEpoch(8, 2, 4);
    assertRejected("bands", () -> FactorizationMethod.BANDED_SQUARE_ROOT.create(eight, epochs, 5));
    assertRejected("bands", () -> FactorizationMethod.OPTIMAL_BANDED.create(eight, epochs, 0));
    assertRejected(
        "participation.steps",
        () -> FactorizationMethod.FFT.create(Workload.prefixSums(9), epochs, null));
    assertRejected(
        "workload.steps",
        () -> TriangularFactorization.identity(3).squaredError(Workload.prefixSums(4)));
  }

  private static void of(double[][] c) {
    TriangularFactorization.of(c);
  }

  private static void assertRejected(String part, Runnable call) {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }
}
