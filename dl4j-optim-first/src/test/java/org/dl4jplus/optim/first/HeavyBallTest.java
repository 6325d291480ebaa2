package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;

class HeavyBallTest {

  @Test
  void twoStepsByHand() {
    INDArray p = Nd4j.createFromArray(1.0);
    HeavyBall heavyBall = HeavyBall.builder().learningRate(0.5).momentum(0.8).build();
    ArrayOptimizer optimizer = new ArrayOptimizer(heavyBall, List.of(), p);
    optimizer.step(Nd4j.createFromArray(2.0));
    assertEquals(1 - 1, p.getDouble(0), 1e-15);
    optimizer.step(Nd4j.createFromArray(-3.0));
    assertEquals(-(0.8 * 1 - 1.5), p.getDouble(0), 1e-15);
  }

  @Test
  void nesterovAtAConstantRateIsThePlatforms() {
    Random random = new Random(1);
    INDArray ours = Numbers.normal(random, 7);
    INDArray theirs = ours.dup();
    ArrayOptimizer a =
        new ArrayOptimizer(
            HeavyBall.builder().learningRate(0.1).momentum(0.9).nesterov(true).build(),
            List.of(),
            ours);
    ArrayOptimizer b = new ArrayOptimizer(new Nesterovs(0.1, 0.9), List.of(), theirs);
    for (int i = 0; i < 20; i++) {
      INDArray g = Numbers.normal(random, 7);
      a.step(g);
      b.step(g);
      Numbers.assertClose(theirs, ours, 1e-13);
    }
  }

  @Test
  void rejectsAMomentumOfOne() {
    HeavyBall.HeavyBallBuilder builder = HeavyBall.builder().momentum(1.0);
    assertEquals(
        "momentum must be in [0, 1), got 1",
        assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }
}
