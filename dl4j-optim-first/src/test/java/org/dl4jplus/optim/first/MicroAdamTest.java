package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MicroAdamTest {

  @Test
  void withoutCompressionAndForgettingItIsAdam() {
    Random random = new Random(5);
    INDArray p = Nd4j.zeros(DataType.DOUBLE, 7);
    MicroAdam updater = MicroAdam.builder().density(1.0).windowSize(20).learningRate(0.1).build();
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    double[] m = new double[7];
    double[] v = new double[7];
    double[] expected = new double[7];
    for (int t = 1; t <= 20; t++) {
      double[] g = random.doubles(7, -1, 1).toArray();
      optimizer.step(Nd4j.createFromArray(g));
      for (int i = 0; i < 7; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        double mHat = m[i] / (1 - Math.pow(0.9, t));
        double vHat = v[i] / (1 - Math.pow(0.999, t));
        expected[i] -= 0.1 * mHat / (Math.sqrt(vHat) + 1e-8);
      }
      assertArrayEquals(expected, p.toDoubleVector(), 1e-12, "step " + t);
    }
  }

  /** What is not kept of a gradient comes back in a later one: nothing but rounding is lost. */
  @Test
  void whatCompressionDropsComesBack() {
    MicroAdam updater =
        MicroAdam.builder()
            .density(0.25)
            .windowSize(1)
            .learningRate(1.0)
            .beta1(0.0)
            .beta2(0.0)
            .build();
    INDArray p = Nd4j.zeros(DataType.DOUBLE, 4);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    optimizer.step(Nd4j.createFromArray(4.0, 3.0, 2.0, 1.0));
    INDArray first = p.dup();
    // Beta 0 makes u the sign of what is kept.
    assertArrayEquals(new double[] {-1, 0, 0, 0}, first.toDoubleVector(), 1e-6);
    optimizer.step(Nd4j.zeros(DataType.DOUBLE, 4));
    assertArrayEquals(new double[] {-1, -1, 0, 0}, p.toDoubleVector(), 1e-6);
    optimizer.step(Nd4j.zeros(DataType.DOUBLE, 4));
    assertArrayEquals(new double[] {-1, -1, -1, 0}, p.toDoubleVector(), 1e-6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"FLOAT", "DOUBLE"})
  void anAveragedStateIsRefused(String type) {
    INDArray p = Nd4j.zeros(DataType.valueOf(type), 60);
    INDArray q = p.dup();
    MicroAdam updater = MicroAdam.builder().density(0.1).windowSize(3).build();
    ArrayOptimizer one = new ArrayOptimizer(updater, List.of(), p);
    ArrayOptimizer two = new ArrayOptimizer(updater, List.of(), q);
    Random random = new Random(8);
    for (int i = 0; i < 4; i++) {
      one.step(gradient(random, type));
      two.step(gradient(random, type));
    }
    one.state().addi(two.state()).divi(2);
    String message =
        assertThrows(IllegalStateException.class, () -> one.step(gradient(random, type)))
            .getMessage();
    assertTrue(message.contains("averageUpdaters(false)"), message);
  }

  private static INDArray gradient(Random random, String type) {
    return Nd4j.createFromArray(random.doubles(60, -1, 1).toArray()).castTo(DataType.valueOf(type));
  }

  @Test
  void theStateOfABlockNeverNeedsMoreThanItsVariables() {
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      MicroAdam updater =
          MicroAdam.builder()
              .density(0.001 + 0.2 * random.nextDouble())
              .topKBlockSize(1 + random.nextInt(64))
              .quantBlockSize(1 + random.nextInt(64))
              .build();
      long sum = 0;
      long total = 0;
      for (int variable = 0; variable < 3; variable++) {
        long n = 1 + random.nextInt(300);
        sum += updater.stateSize(n);
        total += n;
      }
      assertTrue(updater.stateSize(total) <= sum);
    }
  }

  @Test
  void tiesGoToTheLowerPlace() {
    INDArray p = Nd4j.zeros(DataType.DOUBLE, 5);
    MicroAdam updater = MicroAdam.builder().density(0.4).learningRate(1.0).build();
    new ArrayOptimizer(updater, List.of(), p).step(Nd4j.createFromArray(1.0, -2.0, 2.0, 2.0, -2.0));
    assertArrayEquals(new double[] {0, 1, -1, 0, 0}, p.toDoubleVector(), 1e-6);
  }
}
