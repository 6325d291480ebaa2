package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Arrays for the tests of the updaters. */
final class Numbers {

  private Numbers() {}

  /** Normal numbers. */
  static INDArray normal(Random random, DataType type, long... shape) {
    int length = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    double[] values = new double[length];
    Arrays.setAll(values, i -> random.nextGaussian());
    return Nd4j.createFromArray(values).reshape('c', shape).castTo(type);
  }

  /** Normal numbers in double precision. */
  static INDArray normal(Random random, long... shape) {
    return normal(random, DataType.DOUBLE, shape);
  }

  static double norm(INDArray array) {
    return array.norm2Number().doubleValue();
  }

  /** Largest absolute difference, to be at most the bound. */
  static void assertClose(INDArray expected, INDArray actual, double bound) {
    double off = expected.sub(actual).amaxNumber().doubleValue();
    assertEquals(0, off, bound);
  }
}
