package org.dl4jplus.ot.projection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProjectionTest {

  private static final int N = 6;

  /** Dykstra's algorithm ends when a sweep changes less than 1e-9. */
  private static final double ITERATIVE = 1e-8;

  private final Random random = new Random(7);

  private static Map<String, MatrixProjection> all() {
    Map<String, MatrixProjection> all = new TreeMap<>();
    for (VectorProjection p :
        new VectorProjection[] {
          new Simplex(2),
          new SparseSimplex(2, 3),
          new L0Ball(2),
          new L1Ball(1.5),
          new L2Ball(1.2),
          new Box(-0.3, 0.4)
        }) {
      all.put(p.toString(), (x, rows, columns) -> p.project(x));
    }
    for (MatrixProjection p :
        new MatrixProjection[] {
          new Birkhoff(),
          new SpectralNormBall(0.7),
          new NuclearNormBall(2),
          new PositiveSemidefinite(),
          new Stiefel(Stiefel.Retraction.POLAR),
          new Stiefel(Stiefel.Retraction.QR)
        }) {
      all.put(p.toString(), p);
    }
    return all;
  }

  static Stream<Named<MatrixProjection>> projections() {
    return all().entrySet().stream().map(e -> Named.of(e.getKey(), e.getValue()));
  }

  static Stream<Named<MatrixProjection>> ontoConvexSets() {
    return all().entrySet().stream()
        .filter(e -> !e.getKey().matches("(SparseSimplex|L0|Stiefel).*"))
        .map(e -> Named.of(e.getKey(), e.getValue()));
  }

  private double[] gaussian(int length) {
    return random.doubles(length).map(u -> random.nextGaussian()).toArray();
  }

  @ParameterizedTest
  @MethodSource("projections")
  void twiceIsOnce(MatrixProjection projection) {
    for (int trial = 0; trial < 5; trial++) {
      double[] once = gaussian(N * N);
      projection.project(once, N, N);
      double[] twice = once.clone();
      projection.project(twice, N, N);
      assertArrayEquals(once, twice, ITERATIVE);
    }
  }

  /** What makes P v the nearest point of a convex set. */
  @ParameterizedTest
  @MethodSource("ontoConvexSets")
  void noPointOfTheSetIsNearer(MatrixProjection projection) {
    for (int trial = 0; trial < 20; trial++) {
      double[] v = gaussian(N * N);
      double[] p = v.clone();
      projection.project(p, N, N);
      double[] other = gaussian(N * N);
      projection.project(other, N, N);
      double product = 0;
      for (int i = 0; i < v.length; i++) {
        product += (v[i] - p[i]) * (other[i] - p[i]);
      }
      assertTrue(product <= 1e-6, () -> projection + ": not a projection");
    }
  }

  @Test
  void simplexHoldsForLargeAndTinyNumbers() {
    double[] v = {1e30, 3, -1e30};
    new Simplex(1).project(v);
    assertTrue(Arrays.stream(v).allMatch(x -> x >= 0 && Double.isFinite(x)));
    double[] same = {5, 5, 5, 5};
    new Simplex(2).project(same);
    assertArrayEquals(new double[] {0.5, 0.5, 0.5, 0.5}, same, 1e-15);
    double[] one = {-7};
    new Simplex(2).project(one);
    assertArrayEquals(new double[] {2}, one, 1e-14);
  }

  @Test
  void ballsNeitherOverflowNorVanish() {
    double[] large = {3e200, 4e200};
    new L2Ball(5).project(large);
    assertArrayEquals(new double[] {3, 4}, large, 1e-14);
    double[] zero = new double[3];
    new L2Ball(5).project(zero);
    new L1Ball(5).project(zero);
    assertArrayEquals(new double[3], zero);
  }

  @Test
  void ofEqualEntriesTheFirstStay() {
    double[] v = {1, -2, 2, 2, 1};
    new L0Ball(2).project(v);
    assertArrayEquals(new double[] {0, -2, 2, 0, 0}, v);
    double[] w = {1, 1, 1};
    new SparseSimplex(2, 1).project(w);
    assertArrayEquals(new double[] {0.5, 0.5, 0}, w, 1e-15);
  }

  @ParameterizedTest
  @MethodSource("retractions")
  void everyMatrixBecomesOrthonormal(Stiefel stiefel) {
    double[] rankOne = new double[15];
    for (int k = 0; k < 15; k++) {
      rankOne[k] = (1 + k / 3) * (1 + k % 3);
    }
    for (double[] x : new double[][] {gaussian(15), rankOne, new double[15]}) {
      double[] tall = x.clone();
      stiefel.project(tall, 5, 3);
      double[] wide = x.clone();
      stiefel.project(wide, 3, 5);
      for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
          double columns = 0;
          double rows = 0;
          for (int i = 0; i < 5; i++) {
            columns += tall[3 * i + a] * tall[3 * i + b];
            rows += wide[5 * a + i] * wide[5 * b + i];
          }
          assertEquals(a == b ? 1 : 0, columns, 1e-12);
          assertEquals(a == b ? 1 : 0, rows, 1e-12);
        }
      }
    }
  }

  static Stream<Stiefel> retractions() {
    return Arrays.stream(Stiefel.Retraction.values()).map(Stiefel::new);
  }

  /** Next to Q the upper factor Q'X has a positive diagonal and zeros below it. */
  @Test
  void qrFactorIsUpperTriangular() {
    double[] x = gaussian(15);
    double[] q = x.clone();
    new Stiefel(Stiefel.Retraction.QR).project(q, 5, 3);
    for (int a = 0; a < 3; a++) {
      for (int b = 0; b <= a; b++) {
        double r = 0;
        for (int i = 0; i < 5; i++) {
          r += q[3 * i + a] * x[3 * i + b];
        }
        assertTrue(a == b ? r > 0 : Math.abs(r) < 1e-12);
      }
    }
  }

  @Test
  void longMatricesAreDividedByTheEstimatedNorm() {
    int n = 513;
    double[] x = new double[n * n];
    for (int i = 0; i < n; i++) {
      x[i * n + i] = i == 3 ? 8 : 1;
    }
    new SpectralNormBall(2).project(x, n, n);
    assertEquals(2, x[3 * n + 3], 1e-9);
    assertEquals(0.25, x[0], 1e-9);
    double[] zero = new double[n * n];
    new SpectralNormBall(2).project(zero, n, n);
    assertArrayEquals(new double[n * n], zero);
  }

  @Test
  void smallMatricesStay() {
    double[] x = gaussian(12);
    double[] same = x.clone();
    new SpectralNormBall(100).project(same, 3, 4);
    assertArrayEquals(x, same);
    new NuclearNormBall(100).project(same, 3, 4);
    assertArrayEquals(x, same);
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("radius", () -> new Simplex(0));
    assertNamed("radius", () -> new Simplex(Double.NaN));
    assertNamed("maxNonZeros", () -> new SparseSimplex(0, 1));
    assertNamed("radius", () -> new SparseSimplex(1, -1));
    assertNamed("maxNonZeros", () -> new L0Ball(0));
    assertNamed("radius", () -> new L1Ball(Double.POSITIVE_INFINITY));
    assertNamed("radius", () -> new L2Ball(-2));
    assertNamed("lower", () -> new Box(1, 0));
    assertNamed("lower", () -> new Box(Double.NaN, 0));
    assertNamed("maxNorm", () -> new SpectralNormBall(0));
    assertNamed("radius", () -> new NuclearNormBall(0));
    assertNamed("retraction", () -> new Stiefel(null));
    for (MatrixProjection square :
        new MatrixProjection[] {new Birkhoff(), new PositiveSemidefinite()}) {
      assertNamed("[2, 3]", () -> square.project(new double[6], 2, 3));
    }
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
