package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MirrorSinkhornTest {

  private static double gap(TransportProblem problem, int iterations, double noise) {
    double[] costs = problem.geometry().costs();
    Random random = new Random(1);
    MirrorSinkhorn.Path path =
        MirrorSinkhorn.builder()
            .iterations(iterations)
            .stepSize(3.0)
            .build()
            .minimize(
                x -> Arrays.stream(costs).map(c -> c + noise * random.nextGaussian()).toArray(),
                problem.a(),
                problem.b());
    return Marginals.dot(costs, path.rounded()) - new ExactOT().solve(problem).linearCost();
  }

  @Test
  void aLinearFunctionTendsToExactTransport() {
    TransportProblem problem = Numeric.problem(2, 6, 5);
    double early = gap(problem, 100, 0);
    double late = gap(problem, 10_000, 0);
    assertTrue(late >= -1e-12);
    // 1/sqrt(T) promises a tenth.
    assertTrue(late <= early / 5, early + " and " + late);
  }

  @Test
  void noiseIsAveragedAway() {
    TransportProblem problem = Numeric.problem(3, 6, 5);
    assertTrue(gap(problem, 20_000, 0.5) < gap(problem, 200, 0.5));
    assertTrue(gap(problem, 20_000, 0.5) < 0.03);
  }

  @Test
  void theLastIterateFitsOneMarginalAndTheRoundedBoth() {
    TransportProblem problem = Numeric.problem(4, 4, 5);
    double[] costs = problem.geometry().costs();
    for (int iterations = 10; iterations <= 11; iterations++) {
      MirrorSinkhorn.Path path =
          MirrorSinkhorn.builder()
              .iterations(iterations)
              .build()
              .minimize(x -> costs, problem.a(), problem.b());
      double[] sums =
          iterations % 2 == 0
              ? Marginals.columns(path.last(), 4, 5)
              : Marginals.rows(path.last(), 4, 5);
      assertArrayEquals(iterations % 2 == 0 ? problem.b() : problem.a(), sums, 1e-14);
      assertArrayEquals(problem.a(), Marginals.rows(path.rounded(), 4, 5), 1e-14);
      assertArrayEquals(problem.b(), Marginals.columns(path.rounded(), 4, 5), 1e-14);
    }
  }

  @Test
  void weightsOfZeroStayZeroAndHugeGradientsDoNotUnderflow() {
    MirrorSinkhorn.Path path =
        MirrorSinkhorn.builder()
            .iterations(21)
            .schedule(MirrorSinkhorn.Schedule.CONSTANT)
            .build()
            .minimize(
                x -> new double[] {1e4, 2e4, 0, 3e4, 1e4, 7},
                new double[] {0.5, 0, 0.5},
                new double[] {0.5, 0.5});
    assertEquals(0, path.last()[2] + path.last()[3]);
    assertEquals(1, Arrays.stream(path.last()).sum(), 1e-12);
  }

  @Test
  void badInputIsRefused() {
    double[] half = {0.5, 0.5};
    MirrorSinkhorn solver = MirrorSinkhorn.builder().build();
    assertThrows(
        IllegalStateException.class,
        () -> solver.minimize(x -> new double[] {0, 0, Double.NaN, 0}, half, half));
    assertThrows(IllegalStateException.class, () -> solver.minimize(x -> half, half, half));
    assertThrows(
        IllegalArgumentException.class, () -> solver.minimize(x -> x, half, new double[] {1, 1}));
    assertThrows(IllegalArgumentException.class, () -> solver.minimize(x -> x, null, half));
    assertThrows(
        IllegalArgumentException.class, () -> MirrorSinkhorn.builder().stepSize(0.0).build());
  }
}
