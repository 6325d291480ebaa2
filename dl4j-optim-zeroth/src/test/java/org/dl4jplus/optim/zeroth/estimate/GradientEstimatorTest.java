package org.dl4jplus.optim.zeroth.estimate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator.Estimate;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient.Kind;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class GradientEstimatorTest {

  private static final double[] SLOPE = {1, -2, 0.5, 3};
  private static final double[] X = {0.3, -0.1, 0.7, 0.2};
  private static final ToDoubleFunction<double[]> LINEAR =
      x -> x[0] * SLOPE[0] + x[1] * SLOPE[1] + x[2] * SLOPE[2] + x[3] * SLOPE[3];
  private static final ToDoubleFunction<double[]> QUADRATIC =
      x -> x[0] * x[0] + 2 * x[1] * x[1] + x[0] * x[2] + 3 * x[3];

  private static Estimate estimate(
      GradientEstimator estimator, ToDoubleFunction<double[]> function, double mu, long t) {
    Directions directions = Directions.of(estimator.distribution(), 3, 0);
    return estimator.estimate(function, X, directions, mu, t, new GradientState());
  }

  private static RandomizedGradient random(Kind kind, Difference difference, int queries) {
    return RandomizedGradient.builder()
        .directions(kind)
        .difference(difference)
        .queries(queries)
        .build();
  }

  @Test
  void countsEvaluations() {
    assertEquals(
        6, estimate(random(Kind.SPHERE, Difference.FORWARD, 5), LINEAR, 0.1, 0).evaluations());
    assertEquals(
        10, estimate(random(Kind.SPSA, Difference.CENTRAL, 5), LINEAR, 0.1, 0).evaluations());
    CoordinateGradient block =
        CoordinateGradient.builder().difference(Difference.FORWARD).block(2).build();
    assertEquals(3, estimate(block, LINEAR, 0.1, 0).evaluations());
    assertEquals(1, estimate(OnePointGradient.builder().build(), LINEAR, 0.1, 0).evaluations());
  }

  @Test
  void expectationIsTheSlopeOfALinearFunction() {
    GradientEstimator[] all = {
      random(Kind.GAUSSIAN, Difference.CENTRAL, 20000),
      random(Kind.GAUSSIAN, Difference.FORWARD, 20000),
      random(Kind.SPHERE, Difference.FORWARD, 20000),
      random(Kind.SPSA, Difference.CENTRAL, 20000),
      new ForwardGradient(x -> SLOPE, 20000),
      EvolutionStrategy.builder().queries(20000).build(),
      EvolutionStrategy.builder().queries(20000).antithetic(false).build()
    };
    for (GradientEstimator estimator : all) {
      // An entry's variance is below 2 * 14.25 a direction: the bound is 7 standard errors.
      assertArrayEquals(
          SLOPE, estimate(estimator, LINEAR, 0.5, 0).gradient(), 0.27, "" + estimator);
    }
  }

  @Test
  void blocksAreUnbiasedAndAllOrthogonalDirectionsExact() {
    double[] sum = new double[4];
    CoordinateGradient block = CoordinateGradient.builder().block(1).build();
    for (int t = 0; t < 8000; t++) {
      GradientEstimator.add(sum, 1 / 8000.0, estimate(block, LINEAR, 0.1, t).gradient());
    }
    // Standard error of an entry: |slope| sqrt(3 / 8000), at most 0.06.
    assertArrayEquals(SLOPE, sum, 0.35);
    double[] exact =
        estimate(random(Kind.ORTHOGONAL, Difference.FORWARD, 4), LINEAR, 0.1, 0).gradient();
    assertArrayEquals(SLOPE, exact, 1e-12);
    assertThrows(
        IllegalArgumentException.class,
        () -> estimate(random(Kind.ORTHOGONAL, Difference.FORWARD, 5), LINEAR, 0.1, 0));
  }

  @Test
  void forwardCoordinatesOfAQuadraticAreOffByHalfTheCurvature() {
    CoordinateGradient forward =
        CoordinateGradient.builder().difference(Difference.FORWARD).build();
    double mu = 0.25;
    double[] expected = {2 * X[0] + X[2] + mu, 4 * X[1] + 2 * mu, X[0], 3};
    assertArrayEquals(expected, estimate(forward, QUADRATIC, mu, 0).gradient(), 1e-12);
    double[] gradient = {2 * X[0] + X[2], 4 * X[1], X[0], 3};
    assertArrayEquals(
        gradient,
        estimate(CoordinateGradient.builder().build(), QUADRATIC, mu, 0).gradient(),
        1e-12);
  }

  @Test
  void residualsTelescopeAlongOneDirection() {
    GradientState memory = new GradientState();
    Directions same = (t, k, from, z, length) -> java.util.Arrays.fill(z, 0, length, 1);
    OnePointGradient residual = OnePointGradient.builder().build();
    double[] values = {3, 5, Double.NaN, 4, 11};
    double sum = 0;
    for (double value : values) {
      Estimate estimate = residual.estimate(x -> value, X, same, 0.5, 0, memory);
      assertEquals(Double.isFinite(value), Double.isFinite(estimate.value()));
      sum += Double.isFinite(value) ? estimate.gradient()[0] : 0;
    }
    assertEquals((11 - 3) / 0.5, sum, 1e-12);
  }

  @Test
  void ranksIgnoreMonotoneTransforms() {
    EvolutionStrategy ranked = EvolutionStrategy.builder().rankShaping(true).build();
    double[] plain = estimate(ranked, QUADRATIC, 0.1, 0).gradient();
    double[] other = estimate(ranked, x -> Math.exp(QUADRATIC.applyAsDouble(x)), 0.1, 0).gradient();
    assertArrayEquals(plain, other, 0);
    assertArrayEquals(
        new double[] {0.5, -0.5, 0, 0}, Ranks.centred(new double[] {9, 1, 3, 3}), 1e-15);
    assertArrayEquals(new double[] {0}, Ranks.centred(new double[] {9}), 0);
  }

  @Test
  void varianceReductionIsExactWhereDifferencesAreAndUsesOneAnchor() {
    GradientState memory = new GradientState();
    VarianceReducedGradient svrg =
        VarianceReducedGradient.builder()
            .estimator(random(Kind.GAUSSIAN, Difference.CENTRAL, 1))
            .anchorEstimator(CoordinateGradient.builder().build())
            .interval(3)
            .full(x -> LINEAR.applyAsDouble(x.toDoubleVector()))
            .build();
    Directions directions = Directions.of(svrg.distribution(), 3, 0);
    for (int t = 0; t < 7; t++) {
      // The same slope everywhere: the two estimates cancel.
      Estimate estimate = svrg.estimate(LINEAR, X, directions, 0.1, t, memory);
      assertArrayEquals(SLOPE, estimate.gradient(), 1e-10);
      assertEquals(t % 3 == 0 ? 1 : 4, estimate.evaluations());
    }
    assertThrows(
        IllegalArgumentException.class,
        () ->
            VarianceReducedGradient.builder()
                .estimator(OnePointGradient.builder().build())
                .build());
  }

  @Test
  void signsAndDefaults() throws Exception {
    SignGradient sign = new SignGradient(CoordinateGradient.builder().build());
    assertArrayEquals(new double[] {1, -1, 1, 1}, estimate(sign, LINEAR, 0.1, 0).gradient(), 0);
    assertThrows(IllegalArgumentException.class, () -> estimate(sign, LINEAR, 0, 0));
    assertFalse(Double.isFinite(estimate(sign, x -> Double.NaN, 0.1, 0).value()));
    assertEquals(1e-3 * 2, Difference.FORWARD.defaultMu(Nd4j.createFromArray(2f, -2f)), 1e-12);
    assertEquals(6e-6, Difference.CENTRAL.defaultMu(Nd4j.createFromArray(0.5, 0.5)), 1e-15);
    assertEquals(0.2 / Math.pow(13, 0.602), SpsaSchedule.rate(0.2, 100).valueAt(2, 0), 1e-15);
    assertEquals(0.2 / Math.pow(3, 0.101), SpsaSchedule.step(0.2).valueAt(2, 0), 1e-15);
    ObjectMapper json = new ObjectMapper();
    GradientEstimator svrg =
        VarianceReducedGradient.builder().anchorEstimator(sign).interval(4).build();
    GradientEstimator back = json.readValue(json.writeValueAsString(svrg), GradientEstimator.class);
    assertEquals(svrg, back);
    assertTrue(back.memory() > 0);
  }
}
