package org.dl4jplus.bilevel.linear;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.dl4jplus.bilevel.linear.Solution.Stop;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class LinearSolverTest {

  private static final int N = 8;

  static List<LinearSolver> solvers() {
    return List.of(
        ConjugateGradient.builder().tol(1e-12).build(),
        NormalConjugateGradient.builder().tol(1e-12).maxIter(300).build(),
        Gmres.builder().tol(1e-12).restart(5).maxIter(200).build(),
        BiCgStab.builder().tol(1e-12).build(),
        NeumannSeries.builder().stepSize(0.2).terms(3000).build(),
        new DirectSolver());
  }

  static Stream<LinearSolver> general() {
    return solvers().stream()
        .filter(s -> !(s instanceof ConjugateGradient || s instanceof NeumannSeries));
  }

  private static double[] vector(SplittableRandom random) {
    return random.doubles(N, -1, 1).toArray();
  }

  private static double[][] matrix(SplittableRandom random) {
    double[][] a = new double[N][];
    Arrays.setAll(a, i -> vector(random));
    return a;
  }

  /** Positive definite with eigenvalues from 0.3 to below 9. */
  private static double[][] positive(SplittableRandom random) {
    double[][] m = matrix(random);
    double[][] a = new double[N][N];
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        a[i][j] = Vectors.dot(m[i], m[j]) / 3 + (i == j ? 0.3 : 0);
      }
    }
    return a;
  }

  private static double distance(double[][] a, double ridge, double[] x, double[] b) {
    double[] r = LinearOperator.of(a).apply(x);
    Vectors.add(r, ridge, x);
    Vectors.add(r, -1, b);
    return Vectors.norm(r);
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void solvesPositiveDefiniteSystems(LinearSolver solver) {
    SplittableRandom random = new SplittableRandom(1);
    for (int k = 0; k < 10; k++) {
      double[][] a = positive(random);
      double[] b = vector(random);
      Solution solution = solver.solve(LinearOperator.of(a), b);
      assertEquals(0, distance(a, 0, solution.x(), b), 1e-9);
      assertEquals(0, solution.residual(), 1e-9);
      assertFalse(solution.indefinite());
    }
  }

  @ParameterizedTest
  @MethodSource("general")
  void solvesSystemsThatAreNotSymmetric(LinearSolver solver) {
    SplittableRandom random = new SplittableRandom(2);
    for (int k = 0; k < 10; k++) {
      double[][] a = matrix(random);
      for (int i = 0; i < N; i++) {
        a[i][i] += 3;
      }
      double[] b = vector(random);
      Solution solution = solver.solve(LinearOperator.of(a), b);
      assertEquals(0, distance(a, 0, solution.x(), b), 1e-8);
      assertEquals(Stop.CONVERGED, solution.stop());
    }
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void zeroGivesZeroWithoutAProduct(LinearSolver solver) {
    LinearOperator none =
        LinearOperator.symmetric(
            N,
            v -> {
              throw new AssertionError("a product");
            });
    double[] start = vector(new SplittableRandom(3));
    Solution solution = solver.solve(none, new double[N], start);
    assertArrayEquals(new double[N], solution.x());
    assertEquals(0, solution.residual());
    assertEquals(0, solution.products());
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void aStartAtTheSolutionStays(LinearSolver solver) {
    SplittableRandom random = new SplittableRandom(4);
    double[][] a = positive(random);
    double[] x = vector(random);
    double[] b = LinearOperator.of(a).apply(x);
    double[] start = x.clone();
    Solution solution = solver.solve(LinearOperator.of(a), b, start);
    assertArrayEquals(x, solution.x(), 1e-9);
    assertArrayEquals(x, start);
    if (!(solver instanceof DirectSolver || solver instanceof NeumannSeries)) {
      assertEquals(0, solution.iterations());
    }
  }

  /** No direction is lost with scale: squares of these numbers overflow or vanish. */
  @ParameterizedTest
  @MethodSource("solvers")
  void scaleDoesNotMatter(LinearSolver solver) {
    SplittableRandom random = new SplittableRandom(5);
    LinearOperator a = LinearOperator.of(positive(random));
    double[] b = vector(random);
    double[] x = solver.solve(a, b).x();
    for (double scale : new double[] {1e-250, 1e250}) {
      double[] scaled = solver.solve(a, Vectors.scaled(scale, b)).x();
      assertArrayEquals(x, Vectors.scaled(1 / scale, scaled), 1e-9);
    }
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void neverGivesWhatIsNotFinite(LinearSolver solver) {
    SplittableRandom random = new SplittableRandom(6);
    double[] b = vector(random);
    double[][] singular = positive(random);
    singular[2] = new double[N];
    double[][] huge = positive(random);
    huge[0][1] = 1e300;
    double[][] infinite = positive(random);
    infinite[3][3] = Double.POSITIVE_INFINITY;
    double[][] undefined = positive(random);
    undefined[1][0] = Double.NaN;
    double[][] rotation = new double[N][N];
    for (int i = 0; i < N; i++) {
      rotation[i][(i + 1) % N] = 1;
    }
    double[][] skew = new double[N][N];
    for (int i = 0; i < N; i += 2) {
      skew[i][i + 1] = 1;
      skew[i + 1][i] = -1;
    }
    for (double[][] a :
        List.of(new double[N][N], singular, huge, infinite, undefined, rotation, skew)) {
      for (double[] start : new double[][] {null, vector(random)}) {
        Solution solution = solver.solve(LinearOperator.of(a), b, start);
        assertTrue(Vectors.largest(solution.x()) < Double.POSITIVE_INFINITY, solution::toString);
        assertTrue(solution.residual() < Double.POSITIVE_INFINITY, solution::toString);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void refusesBadVectors(LinearSolver solver) {
    LinearOperator a = LinearOperator.of(positive(new SplittableRandom(7)));
    double[] undefined = new double[N];
    undefined[3] = Double.NaN;
    assertThrows(IllegalArgumentException.class, () -> solver.solve(a, new double[N - 1]));
    assertThrows(IllegalArgumentException.class, () -> solver.solve(a, undefined));
    double[] b = vector(new SplittableRandom(7));
    assertThrows(IllegalArgumentException.class, () -> solver.solve(a, b, undefined));
    assertThrows(IllegalArgumentException.class, () -> solver.solve(a, b, new double[1]));
  }

  @ParameterizedTest
  @MethodSource("solvers")
  void survivesJson(LinearSolver solver) throws IOException {
    ObjectMapper json = new ObjectMapper();
    String text = json.writerFor(InverseHessian.class).writeValueAsString(solver);
    assertEquals(solver, json.readValue(text, InverseHessian.class));
  }

  @Test
  void ridgeIsAddedToTheDiagonal() {
    SplittableRandom random = new SplittableRandom(8);
    double[][] a = positive(random);
    double[] b = vector(random);
    double ridge = 0.7;
    for (LinearSolver solver :
        List.of(
            ConjugateGradient.builder().tol(1e-12).ridge(ridge).build(),
            Gmres.builder().tol(1e-12).ridge(ridge).build(),
            BiCgStab.builder().tol(1e-12).ridge(ridge).build(),
            NeumannSeries.builder().stepSize(0.2).terms(1000).ridge(ridge).build(),
            DirectSolver.builder().ridge(ridge).build())) {
      assertEquals(0, distance(a, ridge, solver.solve(LinearOperator.of(a), b).x(), b), 1e-9);
    }
  }

  @Test
  void ridgeOfTheNormalEquationsIsAddedToTheirs() {
    SplittableRandom random = new SplittableRandom(9);
    double[][] a = matrix(random);
    double[] b = vector(random);
    LinearOperator matrix = LinearOperator.of(a);
    double[] x =
        NormalConjugateGradient.builder().tol(1e-13).ridge(0.3).build().solve(matrix, b).x();
    double[] left = matrix.applyTransposed(matrix.apply(x));
    Vectors.add(left, 0.3, x);
    assertArrayEquals(matrix.applyTransposed(b), left, 1e-10);
  }

  /** Of [1 1; 1 1] x = (1, 0) the least-squares solutions have sum 1/2. */
  @Test
  void singularSystemsGetTheShortestLeastSquaresSolution() {
    LinearOperator a = LinearOperator.of(new double[][] {{1, 1}, {1, 1}});
    for (LinearSolver solver : List.of(new NormalConjugateGradient(), new DirectSolver())) {
      Solution solution = solver.solve(a, new double[] {1, 0});
      assertArrayEquals(new double[] {0.25, 0.25}, solution.x(), 1e-10);
      assertEquals(Math.sqrt(0.5), solution.residual(), 1e-10);
    }
  }

  @Test
  void conjugateGradientsStopOnAnIndefiniteMatrix() {
    LinearOperator a = LinearOperator.of(new double[][] {{2, 0}, {0, -1}});
    Solution solution = new ConjugateGradient().solve(a, new double[] {1, 0.1});
    assertTrue(solution.indefinite());
    // The first direction still has positive curvature: 1.01 / 1.99 of the right side.
    assertArrayEquals(new double[] {1.01 / 1.99, 0.101 / 1.99}, solution.x(), 1e-12);
    Solution first = new ConjugateGradient().solve(a, new double[] {0, 1});
    assertTrue(first.indefinite());
    assertArrayEquals(new double[2], first.x());
  }

  /** After as many steps as there are different eigenvalues nothing is left. */
  @Test
  void conjugateGradientsEndAfterTheNumberOfEigenvalues() {
    double[][] a = new double[N][N];
    for (int i = 0; i < N; i++) {
      a[i][i] = 1 + i % 3;
    }
    double[] b = vector(new SplittableRandom(10));
    Solution solution =
        ConjugateGradient.builder().maxIter(3).build().solve(LinearOperator.of(a), b);
    assertEquals(0, distance(a, 0, solution.x(), b), 1e-12);
    Solution allowed =
        ConjugateGradient.builder().maxIter(100).tol(0.0).build().solve(LinearOperator.of(a), b);
    assertEquals(Stop.CONVERGED, allowed.stop());
  }

  @Test
  void seriesConvergesAtItsRate() {
    LinearOperator a = LinearOperator.of(new double[][] {{1, 0}, {0, 3}});
    double[] b = {1, 1};
    // I - 0.5*A has the eigenvalues 0.5 and -0.5: the error halves with every term.
    double[] exact = {1, 1.0 / 3};
    for (int terms : new int[] {0, 1, 5, 20}) {
      double[] x = NeumannSeries.builder().stepSize(0.5).terms(terms).build().solve(a, b).x();
      for (int i = 0; i < 2; i++) {
        assertEquals(exact[i] * Math.pow(0.5, terms + 1), Math.abs(exact[i] - x[i]), 1e-12);
      }
    }
  }

  @Test
  void seriesStopsWhereItGrows() {
    LinearOperator a = LinearOperator.of(new double[][] {{1, 0}, {0, 3}});
    double[] b = {1, 1e-3};
    // The second coordinate's terms double with every step, the first one's are halved.
    NeumannSeries series = NeumannSeries.builder().stepSize(1.0).terms(1000).build();
    Solution solution = series.solve(a, new double[] {1, 1e-3});
    assertEquals(Stop.DIVERGED, solution.stop());
    double[] shorter = series.toBuilder().terms(solution.iterations() - 5).build().solve(a, b).x();
    assertArrayEquals(shorter, solution.x(), 1e-15);
    assertEquals(
        Stop.ITERATIONS, series.toBuilder().terms(4).build().solve(a, new double[] {0, 1}).stop());
  }

  @Test
  void seriesNeedsAStepSize() {
    LinearOperator a = LinearOperator.of(new double[][] {{1}});
    NeumannSeries series = NeumannSeries.builder().build();
    assertThrows(IllegalArgumentException.class, () -> series.solve(a, new double[] {1}));
  }

  @Test
  void directSolutionRefusesLargeSystems() {
    LinearOperator a = LinearOperator.symmetric(2001, v -> v);
    double[] b = new double[2001];
    b[0] = 1;
    assertThrows(IllegalArgumentException.class, () -> new DirectSolver().solve(a, b));
  }

  @Test
  void refusesBadSettings() {
    assertThrows(
        IllegalArgumentException.class, () -> ConjugateGradient.builder().maxIter(0).build());
    assertThrows(IllegalArgumentException.class, () -> Gmres.builder().restart(0).build());
    assertThrows(IllegalArgumentException.class, () -> BiCgStab.builder().tol(-1.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> NormalConjugateGradient.builder().ridge(Double.NaN).build());
    assertThrows(IllegalArgumentException.class, () -> NeumannSeries.builder().terms(-1).build());
    assertThrows(
        IllegalArgumentException.class, () -> NeumannSeries.builder().stepSize(0.0).build());
    assertThrows(
        IllegalArgumentException.class, () -> LinearOperator.of(new double[][] {{1, 2}, {3}}));
  }

  @Test
  void transposedViewSwapsTheProducts() {
    SplittableRandom random = new SplittableRandom(11);
    LinearOperator a = LinearOperator.of(matrix(random));
    double[] u = vector(random);
    double[] v = vector(random);
    double uAv = Vectors.dot(u, a.apply(v));
    assertEquals(uAv, Vectors.dot(a.transposed().apply(u), v), 1e-12);
    assertEquals(uAv, Vectors.dot(a.applyTransposed(u), v), 1e-12);
  }
}
