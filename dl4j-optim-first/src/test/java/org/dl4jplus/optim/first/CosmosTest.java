package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CosmosTest {

  private static INDArray run(Cosmos cosmos, int steps, long... shape) {
    Random random = new Random(1);
    INDArray p = Nd4j.create(DataType.DOUBLE, shape);
    ArrayOptimizer optimizer = new ArrayOptimizer(cosmos, List.of(), p);
    for (int t = 0; t < steps; t++) {
      optimizer.step(random(DataType.DOUBLE, random, shape));
    }
    return p;
  }

  @Test
  void everyStepHasOneLength() {
    for (long[] shape : new long[][] {{6, 4}, {4, 6}, {1, 5}, {5, 1}}) {
      Cosmos cosmos = Cosmos.builder().learningRate(0.1).rank(2).build();
      INDArray before = run(cosmos, 3, shape);
      INDArray after = run(cosmos, 4, shape);
      double expected = Math.sqrt(shape[0] * shape[1]) * 0.1 * 0.1;
      // Up to epsilon, 1e-8, over the length of the direction, which is near s or above.
      assertEquals(expected, after.sub(before).norm2Number().doubleValue(), 1e-7 * expected);
    }
  }

  @Test
  void nothingIsLeftOfAFullSubspace() {
    for (double gamma : new double[] {0, 5}) {
      INDArray p = run(Cosmos.builder().rank(64).gamma(gamma).build(), 4, 6, 4);
      INDArray q = run(Cosmos.builder().rank(4).gamma(0.2).build(), 4, 6, 4);
      assertTrue(p.sub(q).amaxNumber().doubleValue() < 1e-12);
    }
    INDArray p = run(Cosmos.builder().rank(3).gamma(0.0).build(), 4, 6, 4);
    INDArray q = run(Cosmos.builder().rank(3).gamma(0.2).build(), 4, 6, 4);
    assertTrue(p.sub(q).amaxNumber().doubleValue() > 1e-6);
  }

  @Test
  void badFieldsAreNamed() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Cosmos.builder().rank(0).build())
            .getMessage()
            .contains("rank"));
    assertThrows(IllegalArgumentException.class, () -> Cosmos.builder().gamma(-1.0).build());
  }
}
