package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.WeightDecay;

class LionTest {

  @Test
  void theStepIsTheRateWithASign() {
    double[][] u = Updates.of(new Lion(0.5), new double[][] {{3, -1e-9, 0}});
    assertArrayEquals(new double[] {0.5, -0.5, 0}, u[0]);
  }

  @Test
  void weightDecayBoundsEveryWeightWhateverTheGradients() {
    double rate = 0.1;
    double decay = 0.5;
    INDArray p = Nd4j.createFromArray(6.0, -5.0, 1.0, -0.5);
    double excess = 4;
    ArrayOptimizer optimizer =
        new ArrayOptimizer(new Lion(rate), List.of(new WeightDecay(decay, true)), p);
    for (double[] gradient : Updates.randomGradients(1, 200, 4)) {
      optimizer.step(Nd4j.createFromArray(gradient));
      excess *= 1 - rate * decay;
      assertTrue(p.amaxNumber().doubleValue() <= 1 / decay + excess + 1e-12);
    }
  }
}
