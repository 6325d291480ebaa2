package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.LongStream;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Arrays compared to the last bit. */
final class Numbers {

  private Numbers() {}

  /** A copy of an array's numbers in the order of its memory; nothing for no array. */
  static double[] of(INDArray array) {
    return array == null ? new double[0] : array.dup(array.ordering()).data().asDouble();
  }

  static void assertSameBits(double[] expected, double[] actual, String message) {
    assertEquals(expected.length, actual.length, message + ", length");
    int different = 0;
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      if (Double.doubleToLongBits(expected[i]) != Double.doubleToLongBits(actual[i])) {
        different++;
        worst = Math.max(worst, Math.abs(expected[i] - actual[i]));
      }
    }
    assertEquals(0, different, message + ": entries differ, by up to " + worst);
  }

  static void assertFinite(double[] numbers, String message) {
    for (int i = 0; i < numbers.length; i++) {
      double x = numbers[i];
      int at = i;
      assertTrue(Double.isFinite(x), () -> message + ": entry " + at + " is " + x);
    }
  }

  static boolean same(double[] a, double[] b) {
    return java.util.Arrays.equals(a, b);
  }

  /** Turns a variable, seen as its updater sees it, into rows of probabilities, in place. */
  static void toProbabilities(INDArray variable) {
    VariableShape shape =
        VariableShape.of(
            "",
            variable.shape(),
            variable.ordering(),
            variable.rank() > 1 ? Kind.WEIGHT : Kind.VECTOR);
    long[] dimensions = shape.getDimensions();
    boolean vector = LongStream.of(dimensions).filter(size -> size > 1).count() <= 1;
    long row = vector ? shape.length() : dimensions[dimensions.length - 1];
    INDArray matrix =
        variable
            .reshape(variable.ordering(), new long[] {variable.length()})
            .reshape('c', new long[] {shape.length() / row, row});
    matrix.assign(Transforms.exp(matrix, true));
    matrix.diviColumnVector(matrix.sum(true, 1));
  }
}
