package org.dl4jplus.optim.first.updater;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdamRuleTest {

  private static final class Plain extends AbstractUpdater {

    private final double epsilon;

    Plain(double epsilon) {
      super(null, 0.1, null);
      this.epsilon = epsilon;
    }

    @Override
    protected StateLayout layout(long n) {
      return new StateLayout().vector("m", n).vector("v", n);
    }

    @Override
    protected void step(Step step) {
      AdamRule.adamHat(step, step.learningRate(), 0.9, 0.99, epsilon, 0, 1);
    }
  }

  private static double[] run(double epsilon, double[]... gradients) {
    INDArray p = Nd4j.createFromArray(new double[gradients[0].length]);
    ArrayOptimizer optimizer = new ArrayOptimizer(new Plain(epsilon), List.of(), p);
    for (double[] g : gradients) {
      optimizer.step(Nd4j.createFromArray(g));
    }
    return p.toDoubleVector();
  }

  @Test
  void twoStepsByHand() {
    double m1 = 0.1 * 2 / (1 - 0.9);
    double v1 = 0.01 * 4 / (1 - 0.99);
    double m2 = (0.9 * 0.2 - 0.1 * 3) / (1 - 0.81);
    double v2 = (0.99 * 0.04 + 0.01 * 9) / (1 - 0.99 * 0.99);
    double expected = -0.1 * m1 / (Math.sqrt(v1) + 0.5) - 0.1 * m2 / (Math.sqrt(v2) + 0.5);
    assertEquals(expected, run(0.5, new double[] {2}, new double[] {-3})[0], 1e-15);
  }

  @Test
  void withoutEpsilonAGradientOfZeroGivesZero() {
    double[] p = run(0, new double[] {0, 5}, new double[] {0, 5});
    assertEquals(0, p[0]);
    assertEquals(-0.2, p[1], 1e-15);
  }
}
