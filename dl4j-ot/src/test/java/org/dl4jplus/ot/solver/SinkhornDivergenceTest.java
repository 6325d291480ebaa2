package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.dl4jplus.ot.solver.SinkhornDivergence.Divergence;
import org.dl4jplus.ot.solver.SinkhornDivergence.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SinkhornDivergenceTest {

  private static final double[][] X = Numeric.matrix(new Random(1), 5, 2);
  private static final double[][] Y = Numeric.matrix(new Random(2), 6, 2);
  private static final double[] A = Numeric.weights(new Random(3), 5);
  private static final double[] B = Numeric.weights(new Random(4), 6);

  private static SinkhornDivergence.SinkhornDivergenceBuilder tight() {
    return SinkhornDivergence.builder().epsilon(0.1).maxIterations(50_000).tolerance(1e-13);
  }

  @Test
  void equalMeasuresAreAtDistanceZeroWithoutAGradient() {
    Divergence divergence = tight().build().solve(X, X, A, A);
    assertEquals(0, divergence.value(), 1e-12);
    assertArrayEquals(new double[10], divergence.gradientX(), 1e-12);
    assertTrue(tight().build().solve(X, Y, A, B).value() > 0);
  }

  @Test
  void theAveragedIterationSolvesTheSymmetricProblem() {
    Divergence divergence = tight().build().solve(X, Y, A, B);
    TransportResult plain =
        Sinkhorn.builder()
            .epsilon(0.1)
            .maxIterations(50_000)
            .tolerance(1e-13)
            .build()
            .solve(TransportProblem.of(PointCloud.of(X, X), A, A));
    assertArrayEquals(plain.plan(), divergence.xx().plan(), 1e-11);
    assertTrue(divergence.xx().iterations() <= plain.iterations());
  }

  @ParameterizedTest
  @EnumSource(Value.class)
  void gradientsAreThoseOfDifferences(Value value) {
    check(tight().value(value).build(), A);
  }

  @Test
  void gradientsOfUnbalancedMeasuresAreThoseOfDifferences() {
    check(tight().rho(1.0).build(), new double[] {0.1, 0.4, 0.3, 0.5, 0.2});
  }

  @Test
  void unbalancedMeasuresAreNotBelowZero() {
    double[] half = new double[5];
    for (int i = 0; i < 5; i++) {
      half[i] = A[i] / 2;
    }
    SinkhornDivergence solver = tight().rho(1.0).build();
    assertEquals(0, solver.solve(X, X, A, A).value(), 1e-12);
    assertTrue(solver.solve(X, X, A, half).value() > 1e-4);
  }

  private static void check(SinkhornDivergence solver, double[] a) {
    Divergence divergence = solver.solve(X, Y, a, B);
    assertTrue(divergence.converged());
    assertArrayEquals(
        Numeric.gradient(
            x -> solver.solve(Numeric.rows(x, 2), Y, a, B).value(), Numeric.flat(X), 1e-5),
        divergence.gradientX(),
        1e-7);
    assertArrayEquals(
        Numeric.gradient(
            y -> solver.solve(X, Numeric.rows(y, 2), a, B).value(), Numeric.flat(Y), 1e-5),
        divergence.gradientY(),
        1e-7);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> SinkhornDivergence.builder().epsilon(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> tight().build().solve(X, Y, new double[] {1, 1, 1, 1, 1}, B));
    assertThrows(
        IllegalArgumentException.class, () -> tight().build().solve(X, new double[6][3], A, B));
  }
}
