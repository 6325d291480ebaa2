package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.SubsetNormAdam.Momentum;
import org.dl4jplus.optim.first.SubsetNormAdam.SecondMoment;
import org.dl4jplus.optim.first.linalg.LowRankProjector;
import org.dl4jplus.optim.first.vector.Scalars;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

class SubsetNormAdamTest {

  private static INDArray run(IUpdater updater, int steps, long... shape) {
    Random random = new Random(1);
    INDArray p = Nd4j.create(DataType.DOUBLE, shape);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    for (int t = 0; t < steps; t++) {
      optimizer.step(random(DataType.DOUBLE, random, shape));
    }
    return p;
  }

  private static void assertSame(INDArray a, INDArray b, double tolerance) {
    assertTrue(a.sub(b).amaxNumber().doubleValue() <= tolerance);
  }

  private static long moments(SubsetNormAdam updater, long... shape) {
    INDArray p = Nd4j.create(DataType.DOUBLE, shape);
    return new ArrayOptimizer(updater, List.of(), p).state().length() - Scalars.PLACES;
  }

  private static SubsetNormAdam.SubsetNormAdamBuilder normsOnly() {
    return SubsetNormAdam.builder().momentum(Momentum.NONE);
  }

  @Test
  void subsetsOfOneAreAdam() {
    for (long[] shape : new long[][] {{3, 4}, {7}, {5, 1}, {1, 5}}) {
      SubsetNormAdam updater = SubsetNormAdam.builder().learningRate(0.01).subsetSize(1).build();
      // The platform's Adam rounds its betas to single precision.
      assertSame(run(new Adam(0.01, 0.9, 0.999, 1e-6), 5, shape), run(updater, 5, shape), 1e-7);
    }
  }

  @Test
  void oneSubsetIsAdamNorm() {
    Random random = new Random(1);
    INDArray p = Nd4j.create(DataType.DOUBLE, 3, 4);
    INDArray m = p.dup();
    double s = 0;
    for (int t = 1; t <= 5; t++) {
      INDArray g = random(DataType.DOUBLE, random, new long[] {3, 4})[0];
      m.muli(0.9).addi(g.mul(0.1));
      s = 0.999 * s + 0.001 * Math.pow(g.norm2Number().doubleValue(), 2);
      double c = Math.sqrt(1 - Math.pow(0.999, t)) / (1 - Math.pow(0.9, t));
      p.subi(m.mul(0.01 * c / (Math.sqrt(s) + 1e-6)));
    }
    SubsetNormAdam updater = SubsetNormAdam.builder().learningRate(0.01).subsetSize(1000).build();
    assertSame(p, run(updater, 5, 3, 4), 1e-12);
  }

  @Test
  void subsetsAreTheLargestDivisor() {
    assertEquals(12 / 4, moments(normsOnly().subsetSize(5).build(), 3, 4));
    assertEquals(100 / 5, moments(normsOnly().build(), 10, 10));
    assertEquals(100 / 2, moments(normsOnly().subsetSize(-4).build(), 10, 10));
    assertEquals(12, moments(normsOnly().subsetSize(-4).build(), 3, 4));
    assertEquals(7, moments(normsOnly().subsetSize(5).build(), 7));
    assertEquals(6, moments(normsOnly().subsetHeuristic(true).build(), 6, 4));
    assertEquals(6, moments(normsOnly().subsetHeuristic(true).build(), 4, 6));
    assertEquals(9, moments(normsOnly().subsetHeuristic(true).build(), 9));
    assertEquals(0, moments(normsOnly().secondMoment(SecondMoment.NONE).build(), 6, 4));
  }

  @Test
  void theWholeSpaceIsPlainMomentum() {
    for (long[] shape : new long[][] {{6, 4}, {4, 6}, {5}}) {
      SubsetNormAdam subspace =
          SubsetNormAdam.builder().momentum(Momentum.SUBSPACE).rank(4).learningRate(0.01).build();
      assertSame(run(new SubsetNormAdam(0.01), 5, shape), run(subspace, 5, shape), 1e-12);
    }
  }

  @Test
  void theComplementTakesPlainSteps() {
    for (LowRankProjector.Kind kind : LowRankProjector.Kind.values()) {
      SubsetNormAdam updater =
          SubsetNormAdam.builder()
              .learningRate(1.0)
              .momentum(Momentum.SUBSPACE)
              .secondMoment(SecondMoment.NONE)
              .biasCorrection(false)
              .projection(kind)
              .rank(1)
              .build();
      INDArray g = Nd4j.createFromArray(new double[][] {{3, 0}, {0, 2}, {0, 0}});
      INDArray p = Nd4j.create(DataType.DOUBLE, 3, 2);
      new ArrayOptimizer(updater, List.of(), p).step(g);
      if (kind == LowRankProjector.Kind.UNIFORM) {
        // One of the three rows is damped.
        assertTrue(p.sumNumber().doubleValue() >= -5);
      } else {
        INDArray expected = Nd4j.createFromArray(new double[][] {{-0.3, 0}, {0, -2}, {0, 0}});
        assertSame(expected, p, 1e-12);
      }
    }
  }

  @Test
  void accumulationIsAdaGrad() {
    SubsetNormAdam updater =
        normsOnly().learningRate(1.0).beta2(1.0).biasCorrection(false).subsetSize(1).build();
    INDArray p = Nd4j.create(DataType.DOUBLE, 1);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    optimizer.step(Nd4j.createFromArray(3.0));
    optimizer.step(Nd4j.createFromArray(4.0));
    assertEquals(-(3 / (3 + 1e-6) + 4 / (5 + 1e-6)), p.getDouble(0), 1e-12);
  }

  @Test
  void badFieldsAreNamed() {
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> SubsetNormAdam.builder().momentum(Momentum.SUBSPACE).build())
            .getMessage()
            .contains("rank"));
    assertThrows(
        IllegalArgumentException.class, () -> SubsetNormAdam.builder().subsetSize(0).build());
    assertThrows(IllegalArgumentException.class, () -> SubsetNormAdam.builder().beta2(1.0).build());
  }
}
