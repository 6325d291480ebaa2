package org.dl4jplus.optim.first.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The operations that avoid branches and library calls, against the plain ones. */
class FastFunctionsTest {

  private static final float TINY = Float.MIN_VALUE;

  private static double[] run(UnaryOperator<Vector> operation, DataType type, double... x) {
    INDArray array = Nd4j.createFromArray(x).castTo(type);
    Operands operands = new Operands(array, null, List.of());
    BlockExecutor.INSTANCE.forEach(lane -> operation.apply(lane.gradient()), operands);
    return array.castTo(DataType.DOUBLE).toDoubleVector();
  }

  /** Both signs, from tiny to huge; exact in single precision. */
  private static double[] points() {
    return IntStream.range(-6000, 6000)
        .mapToDouble(i -> (float) (Math.signum(i) * Math.exp(Math.abs(i) / 200.0 - 24)))
        .toArray();
  }

  private static void close(
      DoubleUnaryOperator exact, UnaryOperator<Vector> operation, DataType type, double relative) {
    double[] x = points();
    double[] y = run(operation, type, x);
    for (int i = 0; i < x.length; i++) {
      double expected = exact.applyAsDouble(x[i]);
      assertEquals(expected, y[i], relative * Math.abs(expected), "at " + x[i]);
    }
  }

  @Test
  void sigmoidOfAbs() {
    DoubleUnaryOperator exact = x -> 1 / (1 + Math.exp(-Math.abs(x)));
    close(exact, Vector::sigmoidOfAbs, DataType.FLOAT, 3e-7);
    close(exact, Vector::sigmoidOfAbs, DataType.DOUBLE, 1e-15);
    assertArrayEquals(new double[] {0.5}, run(Vector::sigmoidOfAbs, DataType.FLOAT, 0));
  }

  @Test
  void tanh() {
    close(Math::tanh, Vector::tanh, DataType.FLOAT, 6e-7);
    close(Math::tanh, Vector::tanh, DataType.DOUBLE, 1e-15);
    assertArrayEquals(
        new double[] {-1, 0, 1}, run(Vector::tanh, DataType.FLOAT, -1e30, 0, 1e30), 6e-8);
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void signsAreExact(DataType type) {
    double tiny = type == DataType.FLOAT ? TINY : Double.MIN_VALUE;
    double huge = type == DataType.FLOAT ? Float.MAX_VALUE : Double.MAX_VALUE;
    double[] x = {-huge, -1, -tiny, -0.0, 0, tiny, 1, huge};
    assertArrayEquals(
        new double[] {0.25, 0.25, 0.25, 3, 3, 7, 7, 7}, run(v -> v.bySign(0.25, 3, 7), type, x));
    assertArrayEquals(new double[] {0, 0, 0, 0, 0, 1, 1, 1}, run(v -> v.above(0), type, x));
    assertArrayEquals(new double[] {0, 0, 0, 0, 0, 0, 0, 1}, run(v -> v.above(1), type, x));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE"})
  void nothingIsLeftOfDivisionByNothing(DataType type) {
    INDArray x = Nd4j.createFromArray(0.0, 6.0).castTo(type);
    INDArray squares = Nd4j.createFromArray(0.0, 4.0).castTo(type);
    Operands operands = new Operands(x, null, List.of(squares));
    for (VectorExecutor executor : List.of(BlockExecutor.INSTANCE, ArrayExecutor.INSTANCE)) {
      x.assign(6);
      // A summand too small for single precision counts as 0 there.
      executor.forEach(lane -> lane.gradient().divSqrt(lane.state(0), 1.5, 0), operands);
      assertArrayEquals(new double[] {0, 2}, x.castTo(DataType.DOUBLE).toDoubleVector());
    }
  }
}
