package org.dl4jplus.ot.solver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.dl4jplus.ot.solver.LowRankSinkhorn.LowRankPlan;
import org.junit.jupiter.api.Test;

class LowRankSinkhornTest {

  private static final PointCloud CLOUD =
      PointCloud.of(Numeric.matrix(new Random(1), 9, 2), Numeric.matrix(new Random(2), 8, 2));

  @Test
  void marginalsFitAndTheCostIsThePlans() {
    double[] a = Numeric.weights(new Random(3), 9);
    double[] b = Numeric.weights(new Random(4), 8);
    LowRankPlan result = LowRankSinkhorn.builder().rank(3).build().solve(CLOUD, a, b);
    double[] plan = result.plan();
    assertArrayEquals(a, Marginals.rows(plan, 9, 8), 1e-7);
    assertArrayEquals(b, Marginals.columns(plan, 9, 8), 1e-7);
    assertEquals(Marginals.dot(plan, CLOUD.costs()), result.linearCost(), 1e-12);
    assertEquals(1, Marginals.sum(result.g()), 1e-7);
  }

  @Test
  void rankOneIsIndependenceAndMoreRankComesCloserToTheOptimum() {
    double one = LowRankSinkhorn.builder().rank(1).build().solve(CLOUD, null, null).linearCost();
    double independent = Marginals.sum(CLOUD.costs()) / 72;
    assertEquals(independent, one, 1e-7);
    double four = LowRankSinkhorn.builder().rank(4).build().solve(CLOUD, null, null).linearCost();
    double exact = new ExactOT().solve(TransportProblem.of(CLOUD, null, null)).linearCost();
    assertTrue(exact <= four + 1e-7 && four < one - 0.5 * (one - exact));
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> LowRankSinkhorn.builder().build());
    assertThrows(
        IllegalArgumentException.class, () -> LowRankSinkhorn.builder().rank(3).alpha(0.5).build());
    LowRankSinkhorn solver = LowRankSinkhorn.builder().rank(9).build();
    assertThrows(IllegalArgumentException.class, () -> solver.solve(CLOUD, null, null));
    double[] withZero = {0, 1, 1, 1, 1, 1, 1, 1, 1};
    assertThrows(
        IllegalArgumentException.class,
        () ->
            LowRankSinkhorn.builder()
                .rank(2)
                .build()
                .solve(CLOUD, withZero, new double[] {1, 1, 1, 1, 1, 1, 1, 1}));
  }
}
