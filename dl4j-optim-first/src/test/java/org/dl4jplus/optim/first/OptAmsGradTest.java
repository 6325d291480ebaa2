package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import org.dl4jplus.optim.first.OptAmsGrad.Predictor;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class OptAmsGradTest {

  @Test
  void aHistoryOfOneDifferencePredictsTheLastGradient() {
    double[][] gradients = Updates.randomGradients(10, 20, 6);
    double[][] one =
        Updates.of(
            OptAmsGrad.builder().predictor(Predictor.EXTRAPOLATION).history(1).build(), gradients);
    double[][] last = Updates.of(OptAmsGrad.builder().predictor(Predictor.LAST).build(), gradients);
    for (int k = 0; k < gradients.length; k++) {
      assertArrayEquals(last[k], one[k], 1e-15);
    }
  }

  @Test
  void twoSequencesGiveTheSameParameters() {
    // w = half - lookAhead, half = half - st*theta/den: the paper's form, here for LAST.
    double[][] gradients = Updates.randomGradients(11, 30, 1);
    double[][] u = Updates.of(OptAmsGrad.builder().predictor(Predictor.LAST).build(), gradients);
    double half = 0;
    double p = 0;
    double theta = 0;
    double v = 0;
    double vHat = 0;
    double guess = 0;
    for (int k = 0; k < gradients.length; k++) {
      double g = gradients[k][0];
      double old = theta;
      theta = 0.9 * theta + 0.1 * g;
      v = 0.99 * v + 0.01 * (g - guess) * (g - guess);
      vHat = Math.max(vHat, v);
      guess = g;
      double st = 1e-3 * Math.sqrt(1 - Math.pow(0.99, k + 1)) / (1 - Math.pow(0.9, k + 1));
      double den = Math.sqrt(vHat) + 1e-8;
      half -= st * theta / den;
      p -= u[k][0];
      assertEquals(half - st * (0.9 * old + 0.1 * guess) / den, p, 1e-14);
    }
  }

  @Test
  void zerosGiveZerosAndNoRateNoStep() {
    double[][] zeros = new double[10][2];
    for (double[] u : Updates.of(new OptAmsGrad(), zeros)) {
      assertArrayEquals(new double[] {0, 0}, u);
    }
    MapSchedule schedule = new MapSchedule(ScheduleType.ITERATION, Map.of(0, 0.1, 1, 0.0));
    double[][] u = Updates.of(new OptAmsGrad(schedule), new double[][] {{1, 2}, {3, 4}});
    assertArrayEquals(new double[] {0, 0}, u[1]);
  }

  /** Averaged histories need new products: the averages of the old ones are others. */
  @Test
  void afterAveragingTheProductsAreMadeAgain() {
    int n = 9;
    INDArray p = Nd4j.zeros(DataType.DOUBLE, n);
    ArrayOptimizer one = new ArrayOptimizer(new OptAmsGrad(), List.of(), p);
    ArrayOptimizer two = new ArrayOptimizer(new OptAmsGrad(), List.of(), p.dup());
    double[][] gradients = Updates.randomGradients(12, 21, n);
    for (int k = 0; k < 20; k += 2) {
      one.step(Nd4j.createFromArray(gradients[k]));
      two.step(Nd4j.createFromArray(gradients[k + 1]));
    }
    one.state().addi(two.state()).divi(2);
    INDArray q = p.dup();
    ArrayOptimizer forgetful = new ArrayOptimizer(new OptAmsGrad(), List.of(), q);
    forgetful.state().assign(one.state());
    // Behind eleven vectors and the counter lie the products.
    forgetful.state().get(NDArrayIndex.interval(11 * n + 2, forgetful.state().length())).assign(0);
    one.step(Nd4j.createFromArray(gradients[20]));
    forgetful.step(Nd4j.createFromArray(gradients[20]));
    assertArrayEquals(q.toDoubleVector(), p.toDoubleVector());
  }

  @Test
  void itsLookAheadMustNotBeMasked() {
    assertFalse(new OptAmsGrad().allowsChangedUpdates());
  }

  @Test
  void solvesPositiveDefiniteSystems() {
    double[][] a = {{4, 0, 0}, {2, 5, 0}, {-1, 3, 6}};
    double[] x = {1 * 4 + 2 * 2 - 3, 2 + 2 * 5 + 3 * 3, -1 + 2 * 3 + 3 * 6};
    Cholesky.solve(a, x);
    assertArrayEquals(new double[] {1, 2, 3}, x, 1e-13);
  }
}
