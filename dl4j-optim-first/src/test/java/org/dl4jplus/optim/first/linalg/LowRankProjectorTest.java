package org.dl4jplus.optim.first.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.linalg.LowRankProjector.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LowRankProjectorTest {

  @Test
  void largestAgreesWithSorting() {
    Random random = new Random(5);
    for (int n = 1; n < 40; n++) {
      // Few different values, so that many are equal.
      double[] values = random.ints(n, 0, 6).asDoubleStream().toArray();
      for (int k = 1; k <= n + 1; k++) {
        int[] expected =
            IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -values[i]))
                .limit(k)
                .mapToInt(i -> i)
                .sorted()
                .toArray();
        assertArrayEquals(expected, Largest.of(values, k));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void projectingTwiceIsProjectingOnce(Kind kind) {
    Nd4j.getRandom().setSeed(6);
    for (long[] shape : new long[][] {{6, 4}, {4, 6}, {4, 4}, {1, 5}, {5, 1}}) {
      INDArray g = Nd4j.randn(DataType.DOUBLE, shape);
      LowRankProjector projector = new LowRankProjector(kind, shape[0], shape[1], 2);
      INDArray basis = Nd4j.create(DataType.DOUBLE, projector.basisLength());
      INDArray tall = LowRankProjector.tall(g);
      projector.fit(tall, basis, 7);
      INDArray matrix = projector.matrix(basis);
      INDArray once = low(projector, tall, matrix);
      INDArray twice = low(projector, once, matrix);
      assertTrue(once.sub(twice).amaxNumber().doubleValue() < 1e-12);
      assertTrue(once.norm2Number().doubleValue() > 0);
      // What is left over is orthogonal to what was kept.
      assertEquals(0, tall.sub(once).mul(once).sumNumber().doubleValue(), 1e-12);
    }
  }

  private static INDArray low(LowRankProjector projector, INDArray tall, INDArray matrix) {
    INDArray result = tall.dup();
    projector.back(projector.low(tall, matrix), matrix, 1, 0, result);
    return result;
  }

  @Test
  void svdKeepsMost() {
    Nd4j.getRandom().setSeed(8);
    INDArray g = Nd4j.randn(DataType.DOUBLE, 7, 5);
    double[] values = new ThinSvd(g).values();
    LowRankProjector projector = new LowRankProjector(Kind.SVD, 7, 5, 3);
    INDArray basis = Nd4j.create(DataType.DOUBLE, projector.basisLength());
    projector.fit(g, basis, 0);
    double lost = g.sub(low(projector, g, projector.matrix(basis))).norm2Number().doubleValue();
    assertEquals(Math.hypot(values[3], values[4]), lost, 1e-12);
  }

  @Test
  void largestRowsArePicked() {
    INDArray g = Nd4j.createFromArray(new double[][] {{1, 0}, {0, 3}, {2, 0}, {0, -4}});
    LowRankProjector projector = new LowRankProjector(Kind.TOPK_NORM, 4, 2, 2);
    INDArray basis = Nd4j.create(DataType.DOUBLE, projector.basisLength());
    projector.fit(g, basis, 0);
    assertArrayEquals(new double[] {1, 3}, basis.toDoubleVector());
  }

  @Test
  void uniformFollowsTheSeed() {
    LowRankProjector projector = new LowRankProjector(Kind.UNIFORM, 50, 10, 10);
    INDArray g = Nd4j.create(DataType.DOUBLE, 50, 10);
    double[][] picks = new double[3][];
    for (int i = 0; i < 3; i++) {
      INDArray basis = Nd4j.create(DataType.DOUBLE, projector.basisLength());
      projector.fit(g, basis, i / 2);
      picks[i] = basis.toDoubleVector();
      assertEquals(10, Arrays.stream(picks[i]).distinct().count());
    }
    assertArrayEquals(picks[0], picks[1]);
    assertTrue(!Arrays.equals(picks[0], picks[2]));
  }

  @Test
  void zeroHasTheFirstUnitVectors() {
    INDArray vectors = LowRankProjector.rightVectors(Nd4j.create(DataType.FLOAT, 5, 3), 2);
    assertEquals(Nd4j.createFromArray(new float[][] {{1, 0, 0}, {0, 1, 0}}), vectors);
  }
}
