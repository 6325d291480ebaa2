package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.ot.solver.PartialTransport.PartialPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartialTransportTest {

  private static final double[] COST = new Random(1).doubles(15).toArray();

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 0.3, 0.999, 1})
  void massIsSharedAsAsked(double ratio) {
    for (double weight : new double[] {0.1, 5, 1e4}) {
      PartialPlan plan =
          PartialTransport.builder()
              .transportRatio(ratio)
              .entropyWeight(weight)
              .build()
              .solve(COST, 3);
      assertEquals(ratio, Arrays.stream(plan.plan()).sum(), 1e-11);
      assertEquals(1 - ratio, Arrays.stream(plan.residual()).sum(), 1e-11);
      double[] sent = Marginals.columns(plan.plan(), 3, 5);
      for (int i = 0; i < 5; i++) {
        assertEquals(0.2, sent[i] + plan.residual()[i], 1e-14);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.3, 0.9})
  void gradientsAreThoseOfDifferences(double ratio) {
    PartialTransport solver = PartialTransport.builder().transportRatio(ratio).build();
    double[] residual = new Random(2).doubles(5, -1, 1).toArray();
    double[] upstream = new Random(3).doubles(15, -1, 1).toArray();
    ToDoubleFunction<double[]> loss =
        c -> {
          PartialPlan plan = solver.solve(c, 3);
          return Marginals.dot(residual, plan.residual()) + Marginals.dot(upstream, plan.plan());
        };
    assertArrayEquals(
        Numeric.gradient(loss, COST, 1e-4),
        solver.costGradient(solver.solve(COST, 3), residual, upstream),
        1e-6);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> PartialTransport.builder().transportRatio(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> PartialTransport.builder().transportRatio(1.1).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> PartialTransport.builder().entropyWeight(0.0).build());
    PartialTransport solver = PartialTransport.builder().build();
    assertThrows(IllegalArgumentException.class, () -> solver.solve(COST, 4));
    assertThrows(IllegalArgumentException.class, () -> solver.solve(new double[] {Double.NaN}, 1));
    assertTrue(solver.solve(new double[] {3}, 1).plan()[0] > 0);
  }
}
