package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.ot.solver.Sinkhorn.Gradient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.factory.Nd4j;

class SinkhornTest {

  private static final double EPSILON = 0.1;

  private static Sinkhorn.SinkhornBuilder tight() {
    return Sinkhorn.builder().epsilon(EPSILON).maxIterations(100_000).tolerance(1e-13);
  }

  private static TransportResult solve(double[][] cost, double[] a, double[] b) {
    return tight().build().solve(cost, a, b);
  }

  @Test
  void marginalsFitAndValuesBelongTogether() {
    TransportProblem problem = Numeric.problem(1, 6, 8);
    TransportResult result = tight().build().solve(problem);
    assertTrue(result.converged());
    assertEquals(0, result.rowError(), 1e-12);
    assertEquals(0, result.columnError(), 1e-12);
    double dualA = Marginals.dot(problem.a(), result.f());
    double dualB = Marginals.dot(problem.b(), result.g());
    assertEquals(dualA, dualB, 1e-12);
    assertEquals(dualA + dualB, result.regOtCost(), 1e-11);
    double entropies = 0;
    for (double w : problem.a()) {
      entropies -= w * Math.log(w);
    }
    for (double w : problem.b()) {
      entropies -= w * Math.log(w);
    }
    assertEquals(result.regOtCost() - EPSILON * entropies, result.entRegCost(), 1e-12);
  }

  @Test
  void aConstantOnTheCostsChangesNoPlan() {
    Random random = new Random(2);
    double[][] cost = Numeric.matrix(random, 5, 4);
    double[][] higher =
        Arrays.stream(cost)
            .map(r -> Arrays.stream(r).map(c -> c + 3).toArray())
            .toArray(double[][]::new);
    assertArrayEquals(solve(cost, null, null).plan(), solve(higher, null, null).plan(), 1e-12);
  }

  @Test
  void permutedAndTransposedProblemsHavePermutedAndTransposedPlans() {
    Random random = new Random(3);
    double[][] cost = Numeric.matrix(random, 3, 4);
    double[] a = Numeric.weights(random, 3);
    double[] b = Numeric.weights(random, 4);
    double[] plan = solve(cost, a, b).plan();
    double[] turned =
        solve(new double[][] {cost[2], cost[0], cost[1]}, new double[] {a[2], a[0], a[1]}, b)
            .plan();
    assertArrayEquals(Arrays.copyOfRange(plan, 8, 12), Arrays.copyOf(turned, 4), 1e-12);
    double[][] transposed = new double[4][3];
    for (int i = 0; i < 12; i++) {
      transposed[i % 4][i / 4] = cost[i / 4][i % 4];
    }
    double[] other = solve(transposed, b, a).plan();
    for (int i = 0; i < 12; i++) {
      assertEquals(plan[i], other[i % 4 * 3 + i / 4], 1e-12);
    }
  }

  @Test
  void symmetricProblemsHaveSymmetricPlans() {
    PointCloud cloud =
        PointCloud.of(Numeric.matrix(new Random(4), 5, 2), Numeric.matrix(new Random(4), 5, 2));
    double[] plan = tight().build().solve(TransportProblem.of(cloud, null, null)).plan();
    for (int i = 0; i < 25; i++) {
      assertEquals(plan[i], plan[i % 5 * 5 + i / 5], 1e-12);
    }
  }

  @Test
  void smallEpsilonTendsToExactTransportAndLargeToIndependence() {
    TransportProblem problem = Numeric.problem(5, 6, 7);
    TransportResult small =
        Sinkhorn.builder()
            .epsilon(2e-3)
            .maxIterations(100_000)
            .tolerance(1e-10)
            .build()
            .solve(problem);
    double exact = new ExactOT().solve(problem).linearCost();
    // The entropy is at most log(42).
    assertTrue(
        small.linearCost() - exact <= 2e-3 * Math.log(42) && small.linearCost() >= exact - 1e-9);
    TransportResult large = Sinkhorn.builder().epsilon(1e6).tolerance(1e-13).build().solve(problem);
    for (int k = 0; k < 42; k++) {
      assertEquals(problem.a()[k / 7] * problem.b()[k % 7], large.plan()[k], 1e-7);
    }
  }

  @Test
  void aKernelThatUnderflowsEverywhereIsNoTrouble() {
    double[][] cost = Numeric.matrix(new Random(6), 4, 4);
    for (double[] row : cost) {
      Arrays.setAll(row, j -> 1000 + row[j]);
    }
    TransportResult result =
        Sinkhorn.builder()
            .epsilon(0.02)
            .maxIterations(20_000)
            .tolerance(1e-9)
            .build()
            .solve(cost, null, null);
    assertTrue(result.converged());
    assertEquals(0, result.columnError(), 1e-9);
  }

  @Test
  void zeroWeightsHaveNoMassAndFinitePotentials() {
    double[][] cost = Numeric.matrix(new Random(7), 3, 3);
    TransportResult result = solve(cost, new double[] {0.5, 0, 0.5}, new double[] {0, 0.4, 0.6});
    for (int k = 0; k < 9; k++) {
      assertEquals(k / 3 == 1 || k % 3 == 0 ? 0 : 1, Math.signum(result.plan()[k]));
    }
    assertTrue(Arrays.stream(result.f()).allMatch(Double::isFinite));
    assertTrue(Arrays.stream(result.g()).allMatch(Double::isFinite));
    assertTrue(Double.isFinite(result.regOtCost()) && Double.isFinite(result.entRegCost()));
    double[] smaller =
        solve(
                new double[][] {{cost[0][1], cost[0][2]}, {cost[2][1], cost[2][2]}},
                null,
                new double[] {0.4, 0.6})
            .plan();
    assertEquals(smaller[1], result.plan()[2], 1e-12);
  }

  @Test
  void aWarmStartSavesIterations() {
    TransportProblem problem = Numeric.problem(8, 20, 20);
    Sinkhorn solver =
        Sinkhorn.builder().epsilon(0.02).tolerance(1e-9).maxIterations(10_000).build();
    TransportResult cold = solver.solve(problem);
    TransportResult warm = solver.solve(problem, cold);
    assertTrue(warm.iterations() <= 10 && cold.iterations() > 10);
    assertArrayEquals(cold.plan(), warm.plan(), 1e-9);
  }

  @Test
  void tooFewIterationsAreReported() {
    TransportResult result =
        Sinkhorn.builder()
            .epsilon(0.01)
            .maxIterations(3)
            .tolerance(1e-12)
            .build()
            .solve(Numeric.problem(9, 9, 9));
    assertFalse(result.converged());
    assertEquals(3, result.iterations());
    assertEquals(result.columnError(), result.marginalError(), 1e-12);
  }

  @Test
  void theScaledKernelChangesRoundingOnly() {
    // Potentials go far: centred anew many times.
    TransportProblem problem = Numeric.problem(10, 12, 9);
    double epsilon = 3e-4;
    ScaledKernel kernel = new ScaledKernel(problem, epsilon);
    Random random = new Random(11);
    double[] f = random.doubles(12).toArray();
    double[] fast = new double[9];
    double[] slow = new double[9];
    for (int round = 0; round < 20; round++) {
      double scale = round % 3 == 0 ? 0.2 : 1e-3;
      Arrays.setAll(f, i -> f[i] + scale * (random.nextDouble() - 0.5));
      kernel.columns(f, fast);
      new ScaledKernel(problem, epsilon).columns(f, slow);
      assertArrayEquals(slow, fast, 1e-9 * Math.abs(slow[0]));
      kernel.follow(f, Arrays.stream(slow).map(v -> -epsilon * v).toArray());
    }
  }

  @ParameterizedTest
  @EnumSource(Gradient.class)
  void theGradientOfThePlanIsThatOfDifferences(Gradient gradient) {
    TransportProblem problem = Numeric.problem(12, 4, 5);
    double[] upstream = new Random(13).doubles(20, -1, 1).toArray();
    Sinkhorn solver = tight().gradient(gradient).build();
    PlanGradient found = solver.planGradient(solver.solve(problem), upstream);
    checkGradient(found, problem, upstream, solver, true);
  }

  @ParameterizedTest
  @EnumSource(Gradient.class)
  void theGradientOfAnUnbalancedPlanIsThatOfDifferences(Gradient gradient) {
    TransportProblem problem = Numeric.problem(14, 4, 5);
    double[] upstream = new Random(15).doubles(20, -1, 1).toArray();
    Sinkhorn solver = tight().gradient(gradient).rhoA(0.7).rhoB(1.3).build();
    PlanGradient found = solver.planGradient(solver.solve(problem), upstream);
    checkGradient(found, problem, upstream, solver, false);
  }

  private static void checkGradient(
      PlanGradient found,
      TransportProblem problem,
      double[] upstream,
      Sinkhorn solver,
      boolean balanced) {
    double[] costs = problem.geometry().costs();
    double[] a = problem.a();
    double[] b = problem.b();
    ToDoubleFunction<TransportProblem> loss = p -> Marginals.dot(upstream, solver.solve(p).plan());
    ToDoubleFunction<double[]> ofCosts =
        c -> loss.applyAsDouble(TransportProblem.of(Geometry.ofCost(4, 5, c), a, b));
    ToDoubleFunction<double[]> ofA =
        w -> loss.applyAsDouble(TransportProblem.of(problem.geometry(), w, b));
    ToDoubleFunction<double[]> ofB =
        w -> loss.applyAsDouble(TransportProblem.of(problem.geometry(), a, w));
    // Central differences: an error of the radius squared, and of 1e-13/radius from the tolerance.
    assertArrayEquals(Numeric.gradient(ofCosts, costs, 1e-5), found.cost(), 1e-7);
    if (balanced) {
      assertArrayEquals(Numeric.tangent(ofA, a, 1e-5), Numeric.relativeToFirst(found.a()), 1e-6);
      assertArrayEquals(Numeric.tangent(ofB, b, 1e-5), Numeric.relativeToFirst(found.b()), 1e-6);
    } else {
      assertArrayEquals(Numeric.gradient(ofA, a, 1e-5), found.a(), 1e-6);
      assertArrayEquals(Numeric.gradient(ofB, b, 1e-5), found.b(), 1e-6);
    }
  }

  @Test
  void implicitAndUnrolledGradientsAgreeAtConvergence() {
    TransportProblem problem = Numeric.problem(16, 6, 6);
    double[] upstream = new Random(17).doubles(36, -1, 1).toArray();
    Sinkhorn implicit = tight().build();
    TransportResult result = implicit.solve(problem);
    PlanGradient unrolled =
        tight().gradient(Gradient.UNROLLED).build().planGradient(result, upstream);
    assertArrayEquals(implicit.planGradient(result, upstream).cost(), unrolled.cost(), 1e-10);
  }

  @Test
  void theGradientOfAPlanInSeparatePartsIsFinite() {
    double[][] far = {{0, 1, 1e4, 1e4}, {1, 0, 1e4, 1e4}, {1e4, 1e4, 0, 1}, {1e4, 1e4, 1, 0}};
    Sinkhorn solver = tight().build();
    TransportResult result = solver.solve(far, null, null);
    double[] upstream = new Random(18).doubles(16).toArray();
    double[] gradient = solver.planGradient(result, upstream).cost();
    assertTrue(Arrays.stream(gradient).allMatch(v -> Math.abs(v) < 10));
  }

  @Test
  void derivativesOfTheCostArePlanAndPotentials() {
    TransportProblem problem = Numeric.problem(19, 4, 5);
    Sinkhorn solver = tight().build();
    TransportResult result = solver.solve(problem);
    ToDoubleFunction<double[]> ofCosts =
        c ->
            solver
                .solve(TransportProblem.of(Geometry.ofCost(4, 5, c), problem.a(), problem.b()))
                .regOtCost();
    ToDoubleFunction<double[]> ofA =
        w -> solver.solve(TransportProblem.of(problem.geometry(), w, problem.b())).regOtCost();
    assertArrayEquals(
        Numeric.gradient(ofCosts, problem.geometry().costs(), 1e-5), result.plan(), 1e-7);
    assertArrayEquals(
        Numeric.tangent(ofA, problem.a(), 1e-5), Numeric.relativeToFirst(result.f()), 1e-7);
  }

  @Test
  void derivativesOfTheCostReachThePoints() {
    double[][] x = Numeric.matrix(new Random(20), 4, 2);
    double[][] y = Numeric.matrix(new Random(21), 5, 2);
    Sinkhorn solver = tight().build();
    PointCloud cloud = PointCloud.of(x, y);
    double[] plan = solver.solve(TransportProblem.of(cloud, null, null)).plan();
    assertArrayEquals(
        Numeric.gradient(
            p ->
                solver
                    .solve(TransportProblem.of(PointCloud.of(Numeric.rows(p, 2), y), null, null))
                    .regOtCost(),
            Numeric.flat(x),
            1e-5),
        cloud.gradientX(plan),
        1e-7);
    assertArrayEquals(
        Numeric.gradient(
            p ->
                solver
                    .solve(TransportProblem.of(PointCloud.of(x, Numeric.rows(p, 2)), null, null))
                    .regOtCost(),
            Numeric.flat(y),
            1e-5),
        cloud.gradientY(plan),
        1e-7);
  }

  @Test
  void aLargePenaltyTendsToExactMarginals() {
    TransportProblem problem = Numeric.problem(22, 5, 5);
    TransportResult exact = tight().build().solve(problem);
    TransportResult nearly =
        tight().rho(1e7).maxIterations(5000).tolerance(1e-9).build().solve(problem);
    assertArrayEquals(exact.plan(), nearly.plan(), 1e-6);
  }

  @Test
  void unbalancedMassesMayDiffer() {
    double[][] cost = Numeric.matrix(new Random(23), 3, 3);
    double[] heavy = {1, 2, 3};
    TransportResult result = tight().rho(1.0).build().solve(cost, heavy, null);
    assertTrue(result.converged() && Double.isFinite(result.regOtCost()));
    // Any other plan costs more: scale it.
    double[] more = Arrays.stream(result.plan()).map(p -> p * 1.01).toArray();
    TransportResult other =
        TransportResult.entropic(
            result.problem(), EPSILON, more, result.f(), result.g(), 0, false, 0);
    double penalty =
        Sinkhorn.penalty(1, other.rowSums(), result.problem().a())
            + Sinkhorn.penalty(1, other.columnSums(), result.problem().b());
    assertTrue(other.penalized(penalty).regOtCost() > result.regOtCost());
  }

  @Test
  void arraysOfTheLibraryAreTakenAndGiven() {
    TransportResult result =
        tight()
            .build()
            .solve(Nd4j.createFromArray(new double[][] {{0, 1, 2}, {1, 0, 2}}), null, null);
    assertArrayEquals(new long[] {2, 3}, result.planMatrix().shape());
    assertEquals(result.plan()[5], result.planMatrix().getDouble(1, 2));
  }

  @Test
  void epsilonFollowsTheSpreadOfTheCosts() {
    assertEquals(0.05, Geometry.ofCost(new double[][] {{1, -1}, {-1, 1}}).defaultEpsilon(), 1e-15);
    assertEquals(1, Geometry.ofCost(new double[][] {{2, 2}}).defaultEpsilon());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void badEpsilonsAreNamed(double epsilon) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Sinkhorn.builder().epsilon(epsilon).build())
            .getMessage();
    assertTrue(
        message.startsWith("epsilon must be") && message.endsWith(String.valueOf(epsilon)),
        message);
  }

  @Test
  void badInputIsNamed() {
    Sinkhorn solver = Sinkhorn.builder().build();
    double[][] cost = {{0, 1}, {1, 0}};
    refuses("cost", () -> solver.solve((double[][]) null, null, null));
    refuses("cost", () -> solver.solve(new double[][] {{0, Double.NaN}}, null, null));
    refuses("cost", () -> solver.solve(new double[][] {{0, 1}, {0}}, null, null));
    refuses("cost", () -> solver.solve(new double[0][], null, null));
    refuses("a[0]", () -> solver.solve(cost, new double[] {-1, 2}, null));
    refuses("sum of b", () -> solver.solve(cost, null, new double[2]));
    refuses("a must hold 2", () -> solver.solve(cost, new double[3], null));
    refuses("equal sums", () -> solver.solve(cost, null, new double[] {1, 1}));
    refuses("maxIterations", () -> Sinkhorn.builder().maxIterations(0).build());
    refuses("tolerance", () -> Sinkhorn.builder().tolerance(-1.0).build());
    refuses("rhoA", () -> Sinkhorn.builder().rhoA(0.0).build());
    refuses("innerIterations", () -> Sinkhorn.builder().innerIterations(0).build());
    refuses("dimensions", () -> PointCloud.of(new double[1][2], new double[1][3]));
  }

  private static void refuses(String what, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(what), message);
  }
}
