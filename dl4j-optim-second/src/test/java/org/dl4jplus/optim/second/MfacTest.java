package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class MfacTest {

  private static final int D = 9;

  private static double[][] gradients(long seed, int count) {
    Random random = new Random(seed);
    double[][] gradients = new double[count][D];
    for (double[] g : gradients) {
      for (int i = 0; i < D; i++) {
        g[i] = random.nextGaussian();
      }
    }
    return gradients;
  }

  /** F^-1 g with the dense matrix of the gradients up to t. */
  private static double[] dense(double[][] gradients, int t, int m, double damping) {
    double[][] fisher = new double[D][D];
    for (int i = 0; i < D; i++) {
      for (int j = 0; j < D; j++) {
        for (int k = Math.max(0, t - m + 1); k <= t; k++) {
          fisher[i][j] += gradients[k][i] * gradients[k][j] / m;
        }
      }
      fisher[i][i] += damping;
    }
    double[] direction = gradients[t].clone();
    Cholesky.solve(fisher, direction);
    return direction;
  }

  private static double[] step(ArrayOptimizer optimizer, INDArray p, double... g) {
    INDArray before = p.dup();
    optimizer.step(Nd4j.createFromArray(g).castTo(p.dataType()));
    return before.sub(p).toDoubleVector();
  }

  private static Mfac mfac(int m, double damping) {
    return Mfac.builder().learningRate(1.0).numGradients(m).damping(damping).build();
  }

  @Test
  void itIsTheDenseInverse() {
    double[][] gradients = gradients(1, 12);
    INDArray p = Nd4j.create(DataType.DOUBLE, D);
    ArrayOptimizer optimizer = new ArrayOptimizer(mfac(5, 0.01), List.of(), p);
    for (int t = 0; t < gradients.length; t++) {
      double[] u = step(optimizer, p, gradients[t]);
      assertArrayEquals(dense(gradients, t, 5, 0.01), u, 1e-8);
      double along = 0;
      for (int i = 0; i < D; i++) {
        along += u[i] * gradients[t][i];
      }
      assertTrue(along > 0);
    }
  }

  @Test
  void aWindowOfOneHasAClosedForm() {
    INDArray p = Nd4j.create(DataType.DOUBLE, 2);
    ArrayOptimizer optimizer = new ArrayOptimizer(mfac(1, 0.5), List.of(), p);
    for (int t = 0; t < 3; t++) {
      assertArrayEquals(new double[] {3 / 25.5, 4 / 25.5}, step(optimizer, p, 3, 4), 1e-14);
    }
  }

  @Test
  void aZeroGradientIsAZeroStep() {
    INDArray p = Nd4j.create(DataType.DOUBLE, D);
    ArrayOptimizer optimizer = new ArrayOptimizer(mfac(3, 1e-5), List.of(), p);
    assertArrayEquals(new double[D], step(optimizer, p, new double[D]), 0);
    step(optimizer, p, gradients(2, 1)[0]);
    assertArrayEquals(new double[D], step(optimizer, p, new double[D]), 0);
    assertTrue(Double.isFinite(p.sumNumber().doubleValue()));
  }

  @Test
  void aWindowThatWasReplacedIsSeen() {
    double[][] gradients = gradients(3, 9);
    INDArray p = Nd4j.create(DataType.DOUBLE, D);
    INDArray q = Nd4j.create(DataType.DOUBLE, D);
    ArrayOptimizer one = new ArrayOptimizer(mfac(4, 0.01), List.of(), p);
    ArrayOptimizer other = new ArrayOptimizer(mfac(4, 0.01), List.of(), q);
    for (int t = 0; t < 8; t++) {
      step(one, p, gradients[t]);
      step(other, q, gradients[7 - t]);
    }
    other.state().assign(one.state());
    q.assign(p);
    assertArrayEquals(step(one, p, gradients[8]), step(other, q, gradients[8]), 0);
  }

  @Test
  void largeGradientsKeepTheStepBounded() {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      for (double size : new double[] {1e8, 1e15}) {
        double[][] gradients = gradients(4, 12);
        INDArray p = Nd4j.create(type, D);
        // More rows than parameters: singular but for the damping, which is lost in rounding.
        ArrayOptimizer optimizer = new ArrayOptimizer(mfac(12, 1e-5), List.of(), p);
        for (double[] g : gradients) {
          for (int i = 0; i < D; i++) {
            g[i] *= size;
          }
          double norm =
              Math.sqrt(Nd4j.createFromArray(step(optimizer, p, g)).norm2Number().doubleValue());
          assertTrue(norm <= size * 10 / 1e-5, "step " + norm);
        }
      }
    }
  }

  @Test
  void momentumAveragesAndDecayJoinsTheGradient() {
    INDArray p = Nd4j.createFromArray(2.0, -1.0);
    Mfac mfac =
        Mfac.builder()
            .learningRate(1.0)
            .numGradients(1)
            .damping(1.0)
            .momentum(0.75)
            .weightDecay(0.5)
            .build();
    ArrayOptimizer optimizer = new ArrayOptimizer(mfac, List.of(), p);
    // g + w/2 = (2, 0): d = (2, 0) / 5.
    assertArrayEquals(new double[] {0.25 * 0.4, 0}, step(optimizer, p, 1, 0.5), 1e-14);
  }

  @Test
  void badFieldsAreNamed() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Mfac.builder().damping(0.0).build())
            .getMessage()
            .contains("damping"));
    assertThrows(IllegalArgumentException.class, () -> Mfac.builder().numGradients(0).build());
    assertThrows(IllegalArgumentException.class, () -> Mfac.builder().momentum(1.0).build());
    assertEquals(64, new Mfac(0.1).getNumGradients());
  }
}
