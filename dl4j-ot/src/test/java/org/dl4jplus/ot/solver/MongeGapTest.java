package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MongeGapTest {

  private static final int POINTS = 7;
  private static final double EPSILON = 0.2;

  private static MongeGap gap(double epsilon, double power) {
    return MongeGap.builder().epsilon(epsilon).power(power).tolerance(1e-12).build();
  }

  @ParameterizedTest
  @ValueSource(doubles = {1.5, 2, 3})
  void theGradientIsThatOfTheValue(double power) {
    Random random = new Random(1);
    double[][] x = Numeric.matrix(random, POINTS, 2);
    double[] y = Numeric.flat(Numeric.matrix(random, POINTS, 2));
    double[] weights = Numeric.weights(random, POINTS);
    MongeGap gap = gap(EPSILON, power);
    assertArrayEquals(
        Numeric.gradient(v -> gap.evaluate(x, Numeric.rows(v, 2), weights).value(), y, 1e-5),
        gap.evaluate(x, Numeric.rows(y, 2), weights).gradientY(),
        1e-8);
  }

  /** Increasing maps of the line are optimal: only the entropy of a permutation is left. */
  @Test
  void anOptimalMapHasTheGapOfItsEntropyAndPermutationsHaveMore() {
    double[][] x = {{-2}, {-1}, {0.5}, {2}, {4}};
    double[][] y = Arrays.stream(x).map(p -> new double[] {2 * p[0] + 3}).toArray(double[][]::new);
    double epsilon = 0.05;
    double least = epsilon * Math.log(x.length);
    double optimal = gap(epsilon, 2).evaluate(x, y).value();
    assertEquals(least, optimal, 1e-9);
    Random random = new Random(3);
    for (int trial = 0; trial < 10; trial++) {
      double[][] permuted = y.clone();
      Collections.shuffle(Arrays.asList(permuted), random);
      double value = gap(epsilon, 2).evaluate(x, permuted).value();
      assertTrue(value >= optimal - 1e-12, value + " below " + optimal);
      assertTrue(gap(3, 2).evaluate(x, permuted).value() >= 3 * Math.log(x.length) - 1e-12);
    }
  }

  @Test
  void pointsThatAreOneAndTheSame() {
    double[][] x = {{1, 2}, {1, 2}, {1, 2}};
    MongeGap.Gap result = MongeGap.builder().build().evaluate(x, x);
    // Every plan costs nothing, so that the even one has the most entropy: log 9.
    assertEquals(Math.log(9), result.value(), 1e-12);
    assertArrayEquals(new double[6], result.gradientY(), 1e-12);
  }

  @Test
  void aPowerOfTwoIsTheSquaredDistance() {
    double[][] x = Numeric.matrix(new Random(4), POINTS, 3);
    double[][] y = Numeric.matrix(new Random(5), POINTS, 3);
    TransportProblem problem = TransportProblem.of(PointCloud.of(x, y), null, null);
    assertArrayEquals(
        problem.geometry().costs(),
        gap(EPSILON, 2).evaluate(x, y).transport().problem().geometry().costs(),
        1e-15);
    assertEquals(
        problem.geometry().defaultEpsilon(),
        MongeGap.builder().build().evaluate(x, y).transport().epsilon(),
        1e-15);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> gap(-1, 2));
    assertThrows(IllegalArgumentException.class, () -> gap(1, 0.5));
    MongeGap gap = gap(1, 2);
    double[][] two = {{1}, {2}};
    assertThrows(IllegalArgumentException.class, () -> gap.evaluate(two, new double[][] {{1}}));
    assertThrows(
        IllegalArgumentException.class,
        () -> gap.evaluate(two, new double[][] {{1}, {Double.NaN}}));
    assertThrows(
        IllegalArgumentException.class, () -> gap.evaluate(two, two, new double[] {1, -1}));
  }
}
