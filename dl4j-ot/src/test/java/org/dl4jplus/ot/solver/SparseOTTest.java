package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.dl4jplus.ot.solver.SparseOT.DualPoint;
import org.dl4jplus.ot.solver.SparseOT.Formulation;
import org.dl4jplus.ot.solver.SparseOT.Regularizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SparseOTTest {

  private static SparseOT sparse(int k, double gamma) {
    return SparseOT.builder().maxNonZeros(k).gamma(gamma).build();
  }

  private static SparseOT of(Regularizer regularizer, Formulation formulation) {
    return SparseOT.builder()
        .regularizer(regularizer)
        .maxNonZeros(regularizer == Regularizer.SPARSE ? 3 : null)
        .gamma(0.5)
        .formulation(formulation)
        .build();
  }

  @Test
  void columnsFitAndHoldAtMostK() {
    TransportProblem problem = Numeric.problem(1, 12, 5);
    TransportResult result = sparse(4, 10).solve(problem);
    assertEquals(0, result.columnError(), 1e-12);
    for (int j = 0; j < 5; j++) {
      int entries = 0;
      for (int i = 0; i < 12; i++) {
        entries += result.plan()[i * 5 + j] > 0 ? 1 : 0;
      }
      assertTrue(entries <= 4);
    }
  }

  @Test
  void kOfAllSourcesIsTheQuadraticProblem() {
    TransportProblem problem = Numeric.problem(2, 6, 5);
    SparseOT quadratic = of(Regularizer.L2, Formulation.SEMI_DUAL);
    assertArrayEquals(quadratic.solve(problem).plan(), sparse(6, 0.5).solve(problem).plan(), 1e-12);
  }

  @Test
  void theOptimumDoesNotRiseWithK() {
    TransportProblem problem = Numeric.problem(3, 12, 4);
    double last = Double.POSITIVE_INFINITY;
    for (int k = 3; k <= 12; k++) {
      double value = sparse(k, 5).solve(problem).regOtCost();
      assertTrue(value <= last + 1e-7, "k = " + k + ": " + value + " after " + last);
      last = value;
    }
  }

  @ParameterizedTest
  @EnumSource(Regularizer.class)
  void gradientsAreThoseOfDifferences(Regularizer regularizer) {
    TransportProblem problem = Numeric.problem(4, 5, 4);
    double[] alpha = new Random(5).doubles(5, -1, 1).toArray();
    double[] beta = new Random(6).doubles(4, -0.5, 1).toArray();
    SparseOT solver = of(regularizer, Formulation.DUAL);
    DualPoint dual = solver.dual(problem, alpha, beta);
    assertArrayEquals(
        Numeric.gradient(x -> solver.dual(problem, x, beta).value(), alpha, 1e-6),
        dual.gradientAlpha(),
        1e-7);
    assertArrayEquals(
        Numeric.gradient(x -> solver.dual(problem, alpha, x).value(), beta, 1e-6),
        dual.gradientBeta(),
        1e-7);
    DualPoint semi = solver.semiDual(problem, alpha);
    assertArrayEquals(
        Numeric.gradient(x -> solver.semiDual(problem, x).value(), alpha, 1e-6),
        semi.gradientAlpha(),
        1e-7);
    // The semi-dual is the dual at its best beta.
    DualPoint there = solver.dual(problem, alpha, semi.beta());
    assertEquals(semi.value(), there.value(), 1e-12);
    assertArrayEquals(semi.plan(), there.plan(), 1e-12);
  }

  @ParameterizedTest
  @EnumSource(
      value = Regularizer.class,
      names = {"L2", "KL"})
  void bothDualsHaveOneOptimum(Regularizer regularizer) {
    TransportProblem problem = Numeric.problem(7, 6, 5);
    TransportResult semi = of(regularizer, Formulation.SEMI_DUAL).solve(problem);
    TransportResult full = of(regularizer, Formulation.DUAL).solve(problem);
    assertEquals(semi.regOtCost(), full.regOtCost(), 1e-9);
    assertArrayEquals(semi.plan(), full.plan(), 1e-6);
  }

  @Test
  void entropyGivesSinkhornsPlan() {
    TransportProblem problem = Numeric.problem(8, 6, 5);
    TransportResult result = of(Regularizer.KL, Formulation.SEMI_DUAL).solve(problem);
    TransportResult sinkhorn =
        Sinkhorn.builder().epsilon(0.5).tolerance(1e-12).build().solve(problem);
    assertArrayEquals(sinkhorn.plan(), result.plan(), 1e-8);
    assertEquals(sinkhorn.entRegCost(), result.regOtCost(), 1e-9);
  }

  @Test
  void derivativesOfTheValueArePlanAndAlpha() {
    TransportProblem problem = Numeric.problem(9, 5, 4);
    SparseOT solver = of(Regularizer.L2, Formulation.SEMI_DUAL);
    TransportResult result = solver.solve(problem);
    assertArrayEquals(
        Numeric.gradient(
            c ->
                solver
                    .solve(TransportProblem.of(Geometry.ofCost(5, 4, c), problem.a(), problem.b()))
                    .regOtCost(),
            problem.geometry().costs(),
            1e-5),
        result.plan(),
        1e-6);
    assertArrayEquals(
        Numeric.tangent(
            w -> solver.solve(TransportProblem.of(problem.geometry(), w, problem.b())).regOtCost(),
            problem.a(),
            1e-5),
        Numeric.relativeToFirst(result.f()),
        1e-6);
  }

  @Test
  void amongEqualsTheLowestIndexIsKept() {
    TransportProblem problem = TransportProblem.of(new double[4][1], null, null);
    DualPoint point = sparse(2, 1).semiDual(problem, new double[] {0, 1, 1, 1});
    assertArrayEquals(new double[] {0, 0.5, 0.5, 0}, point.plan(), 1e-15);
  }

  @Test
  void emptyColumnsAreSkipped() {
    TransportProblem problem =
        TransportProblem.of(Numeric.matrix(new Random(10), 4, 3), null, new double[] {0.5, 0, 0.5});
    TransportResult result = sparse(3, 1).solve(problem);
    assertTrue(Arrays.stream(result.plan()).allMatch(Double::isFinite));
    assertEquals(0, result.plan()[1]);
  }

  @Test
  void badInputIsNamed() {
    TransportProblem problem = Numeric.problem(11, 9, 2);
    refuses("maxNonZeros", () -> sparse(0, 1));
    refuses("gamma", () -> sparse(1, 0));
    refuses("maxNonZeros", () -> SparseOT.builder().build());
    refuses(
        "maxNonZeros", () -> SparseOT.builder().regularizer(Regularizer.L2).maxNonZeros(1).build());
    refuses("at most the number of sources", () -> sparse(10, 1).solve(problem));
    refuses("at least 5", () -> sparse(4, 1).solve(problem));
    SparseOT.builder().maxNonZeros(4).allowInfeasible(true).build().solve(problem);
  }

  private static void refuses(String what, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(what), message);
  }
}
