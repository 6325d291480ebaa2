package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.OnlineToNonconvex.Scaling;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class OnlineToNonconvexTest {

  private static INDArray run(OnlineToNonconvex updater, int steps) {
    Random random = new Random(6);
    INDArray p = Numbers.normal(random, 4);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    for (int i = 0; i < steps; i++) {
      optimizer.step(Numbers.normal(random, 4));
    }
    return p;
  }

  @Test
  void thePointsLieBetweenBasesThatTheIncrementsConnect() {
    int n = 500;
    double[] scalars = new Random(7).doubles(31).toArray();
    OnlineToNonconvex updater =
        OnlineToNonconvex.builder()
            .learningRate(0.01)
            .radius(0.3)
            .resetPeriod(7)
            .scalars(scalars)
            .build();
    Random random = new Random(6);
    INDArray p = Numbers.normal(random, n);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    INDArray base = p.dup();
    INDArray increment = Nd4j.create(DataType.DOUBLE, n);
    for (int t = 1; t <= 30; t++) {
      INDArray g = Numbers.normal(random, n);
      optimizer.step(g);
      base.addi(increment);
      increment.subi(g.muli(0.01));
      if (t % 7 == 0) {
        increment.assign(0);
      }
      double norm = Numbers.norm(increment);
      increment.muli(norm > 0.3 ? 0.3 / norm : 1);
      INDArray state = optimizer.state().get(NDArrayIndex.interval(0, n));
      Numbers.assertClose(increment, state, 1e-14);
      assertTrue(Numbers.norm(state) <= 0.3 * (1 + 1e-12));
      Numbers.assertClose(base.add(increment.mul(scalars[t])), p, 1e-12);
    }
  }

  @Test
  void withoutScalingItIsHeavyBall() {
    OnlineToNonconvex none =
        OnlineToNonconvex.builder().scaling(Scaling.NONE).learningRate(0.1).beta(0.9).build();
    Random random = new Random(6);
    INDArray expected = Numbers.normal(random, 4);
    ArrayOptimizer heavyBall =
        new ArrayOptimizer(
            HeavyBall.builder().learningRate(0.09).momentum(0.9).build(), List.of(), expected);
    for (int i = 0; i < 10; i++) {
      heavyBall.step(Numbers.normal(random, 4));
    }
    Numbers.assertClose(expected, run(none, 10), 1e-14);
  }

  @Test
  void drawnScalarsRepeatAndDependOnTheSeed() {
    for (Scaling scaling : List.of(Scaling.UNIFORM, Scaling.EXPONENTIAL)) {
      OnlineToNonconvex.OnlineToNonconvexBuilder builder =
          OnlineToNonconvex.builder().scaling(scaling);
      INDArray first = run(builder.seed(1L).build(), 10);
      assertEquals(first, run(builder.seed(1L).build(), 10));
      assertNotEquals(first, run(builder.seed(2L).build(), 10));
    }
  }

  @Test
  void exponentialScalarsHaveMeanOne() {
    // With beta 0 an update is zero, so look at the scalar in the state.
    INDArray p = Nd4j.create(DataType.DOUBLE, 1);
    ArrayOptimizer optimizer =
        new ArrayOptimizer(
            OnlineToNonconvex.builder().scaling(Scaling.EXPONENTIAL).beta(0.0).build(),
            List.of(),
            p);
    INDArray g = Nd4j.createFromArray(1.0);
    double sum = 0;
    for (int i = 0; i < 2000; i++) {
      optimizer.step(g);
      double s = optimizer.state().getDouble(3);
      assertTrue(s >= 0);
      sum += s;
    }
    // Four deviations of 1/sqrt(2000).
    assertEquals(1, sum / 2000, 0.09);
    assertEquals(0, p.getDouble(0));
  }

  @Test
  void zeroGradientsAreHarmless() {
    INDArray p = Nd4j.createFromArray(1.0, 2.0);
    ArrayOptimizer optimizer = new ArrayOptimizer(new OnlineToNonconvex(), List.of(), p);
    for (int i = 0; i < 3; i++) {
      optimizer.step(Nd4j.create(DataType.DOUBLE, 2));
    }
    assertEquals(Nd4j.createFromArray(1.0, 2.0), p);
  }

  @Test
  void badConfigurationsAreRejected() {
    OnlineToNonconvex.OnlineToNonconvexBuilder builder = OnlineToNonconvex.builder().radius(0.0);
    assertThrows(IllegalArgumentException.class, builder::build);
    OnlineToNonconvex.OnlineToNonconvexBuilder negative =
        OnlineToNonconvex.builder().scalars(new double[] {0, -1});
    assertTrue(
        assertThrows(IllegalArgumentException.class, negative::build)
            .getMessage()
            .startsWith("scalars[1]"));
    OnlineToNonconvex two = OnlineToNonconvex.builder().scalars(new double[] {0, 0.5}).build();
    run(two, 1);
    assertThrows(IllegalStateException.class, () -> run(two, 2));
  }
}
