package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SinkhornNewtonSparseTest {

  @Test
  void theResultIsSinkhornsInFewerIterations() {
    TransportProblem problem = Numeric.problem(1, 20, 25);
    TransportResult slow =
        Sinkhorn.builder()
            .epsilon(0.01)
            .maxIterations(100_000)
            .tolerance(1e-11)
            .build()
            .solve(problem);
    TransportResult fast =
        SinkhornNewtonSparse.builder().epsilon(0.01).tolerance(1e-11).build().solve(problem);
    assertTrue(slow.converged() && fast.converged());
    assertArrayEquals(slow.plan(), fast.plan(), 1e-9);
    assertArrayEquals(slow.f(), fast.f(), 1e-7);
    assertEquals(slow.entRegCost(), fast.entRegCost(), 1e-10);
    assertTrue(3 * fast.iterations() < slow.iterations());
  }

  @Test
  void assignmentsWhereSinkhornCrawlsAreSolved() {
    TransportProblem problem =
        TransportProblem.of(Numeric.matrix(new Random(2), 64, 64), null, null);
    TransportResult result =
        SinkhornNewtonSparse.builder()
            .epsilon(1 / 1200.0)
            .sinkhornIterations(50)
            .build()
            .solve(problem);
    assertTrue(result.converged() && result.marginalError() <= 1e-9);
    assertTrue(result.iterations() < 150, () -> "iterations: " + result.iterations());
    TransportResult crawling =
        Sinkhorn.builder()
            .epsilon(1 / 1200.0)
            .maxIterations(2000)
            .tolerance(1e-9)
            .build()
            .solve(problem);
    assertFalse(crawling.converged());
  }

  @Test
  void zeroWeightsStayZero() {
    double[][] cost = Numeric.matrix(new Random(3), 4, 4);
    TransportResult result =
        SinkhornNewtonSparse.builder()
            .epsilon(0.05)
            .build()
            .solve(cost, new double[] {0.5, 0, 0.2, 0.3}, new double[] {0.1, 0.4, 0.5, 0});
    assertTrue(result.converged());
    for (int k = 0; k < 16; k++) {
      if (k / 4 == 1 || k % 4 == 3) {
        assertEquals(0, result.plan()[k]);
      }
    }
  }

  @Test
  void aFixedSparsityIsKeptAndAWarmStartTaken() {
    TransportProblem problem = Numeric.problem(4, 30, 30);
    SinkhornNewtonSparse solver =
        SinkhornNewtonSparse.builder().epsilon(0.02).sparsity(0.5).build();
    TransportResult result = solver.solve(problem);
    assertTrue(result.converged());
    assertTrue(solver.solve(problem, result.f()).iterations() <= 20);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> SinkhornNewtonSparse.builder().sparsity(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> SinkhornNewtonSparse.builder().sinkhornIterations(0).build());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SinkhornNewtonSparse.builder()
                .build()
                .solve(new double[][] {{1, 2}}, new double[] {2}, null));
  }
}
