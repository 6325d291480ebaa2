package org.dl4jplus.optim.first.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The block executor against ND4J ops: every operation, found by reflection. */
class VectorTest {

  private static final int BLOCK = BlockExecutor.BLOCK;

  /** Around the block's length, and long enough for several threads. */
  private static final int[] LENGTHS = {
    1, 2, 17, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 1, 17 * BLOCK + 3
  };

  private static final List<DataType> TYPES = List.of(DataType.FLOAT, DataType.DOUBLE);

  /** Operations whose entries or operands must not be negative. */
  private static final Set<String> NOT_NEGATIVE = Set.of("sqrt", "pow", "divSqrt");

  static Stream<Method> operations() {
    return Stream.of(Vector.class.getDeclaredMethods())
        .filter(m -> Modifier.isPublic(m.getModifiers()) && !m.isSynthetic())
        .sorted(Comparator.comparing(Method::toGenericString));
  }

  /** Numbers of both signs, zeros among them; or none below 0.1. */
  private static INDArray numbers(DataType type, int length, long seed, boolean positive) {
    Random random = new Random(seed);
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] =
          positive
              ? 0.1 + random.nextDouble()
              : random.nextInt(9) == 0 ? 0 : 2 * random.nextGaussian();
    }
    return Nd4j.createFromArray(values).castTo(type);
  }

  private static Object[] arguments(Method operation, Lane lane) {
    Object[] arguments = new Object[operation.getParameterCount()];
    int vectors = 0;
    double number = 0.3;
    for (int i = 0; i < arguments.length; i++) {
      Class<?> type = operation.getParameterTypes()[i];
      if (type == Vector.class) {
        arguments[i] = lane.state(vectors++);
      } else if (type == double.class) {
        arguments[i] = number;
        number += 0.45;
      } else {
        throw new AssertionError("teach this test to make a " + type + " for " + operation);
      }
    }
    return arguments;
  }

  private static double apply(Method operation, Lane lane) {
    try {
      Object result = operation.invoke(lane.gradient(), arguments(operation, lane));
      if (result instanceof Vector) {
        assertSame(lane.gradient().getClass(), result.getClass());
        return 0;
      }
      return (Double) result;
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new AssertionError(operation.toString(), e);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("operations")
  void blocksAgreeWithArrays(Method operation) {
    boolean positive = NOT_NEGATIVE.contains(operation.getName());
    for (DataType type : TYPES) {
      for (int length : LENGTHS) {
        String in = operation.getName() + ", " + type + ", length " + length;
        // A few units in the last place; ND4J's exponential functions are its own.
        double precision = type == DataType.DOUBLE ? 1e-13 : 2e-6;
        INDArray x = numbers(type, length, 2, positive);
        INDArray y = numbers(type, length, 3, positive);
        INDArray xBefore = x.dup();
        INDArray yBefore = y.dup();
        Operands blocks = operands(numbers(type, length, 1, positive), x, y);
        Operands arrays = operands(numbers(type, length, 1, positive), x.dup(), y.dup());
        double sum = BlockExecutor.INSTANCE.sum(lane -> apply(operation, lane), blocks);
        double expected = ArrayExecutor.INSTANCE.sum(lane -> apply(operation, lane), arrays);
        double magnitude =
            operation.getReturnType() == double.class
                ? 1 + sumOfMagnitudes(operation, arrays.gradient(), x)
                : 1;
        assertEquals(expected, sum, precision * magnitude, in + ", result");
        requireEqual(
            arrays.gradient().dup().data().asDouble(),
            blocks.gradient().dup().data().asDouble(),
            precision,
            in);
        // Operands are only read.
        assertEquals(x, xBefore, in + ", first operand");
        assertEquals(y, yBefore, in + ", second operand");
      }
    }
  }

  private static Operands operands(INDArray gradient, INDArray... states) {
    return new Operands(gradient, null, List.of(states));
  }

  /** What rounding of a sum is measured by. */
  private static double sumOfMagnitudes(Method operation, INDArray gradient, INDArray x) {
    INDArray terms =
        switch (operation.getName()) {
          case "dot" -> gradient.mul(x);
          case "squaredNorm" -> gradient.mul(gradient);
          default -> gradient;
        };
    return terms.castTo(DataType.DOUBLE).norm1Number().doubleValue();
  }

  private static void requireEqual(
      double[] expected, double[] actual, double precision, String in) {
    assertEquals(expected.length, actual.length, in);
    for (int i = 0; i < expected.length; i++) {
      double e = expected[i];
      double a = actual[i];
      boolean equal =
          Double.compare(e, a) == 0 || Math.abs(e - a) <= precision * Math.max(1, Math.abs(e));
      if (!equal) {
        throw new AssertionError(in + ", entry " + i + ": expected " + e + ", got " + a);
      }
    }
  }

  @Test
  void viewsShapesAndPiecesAreReadWhereTheyLie() {
    Random random = new Random(4);
    for (int round = 0; round < 20; round++) {
      for (DataType type : TYPES) {
        int rows = 1 + random.nextInt(90);
        int columns = 1 + random.nextInt(140);
        int length = rows * columns;
        char order = random.nextBoolean() ? 'c' : 'f';
        String in = rows + "x" + columns + " " + order + ", " + type;
        INDArray memory = numbers(type, length + 20, round, false);
        double[] before = memory.dup().data().asDouble();
        INDArray gradient =
            memory
                .get(NDArrayIndex.interval(7, 7 + length))
                .reshape(order, new long[] {rows, columns});
        INDArray state = numbers(type, length + 3, 100 + round, false);
        double[] stateBefore = state.dup().data().asDouble();
        INDArray stateView = state.get(NDArrayIndex.interval(3, 3 + length));
        INDArray parameters = numbers(type, length + 5, 200 + round, false);
        double[] parametersBefore = parameters.dup().data().asDouble();
        List<INDArray> pieces = new ArrayList<>();
        for (int from = 0; from < length; ) {
          int to = Math.min(length, from + 1 + random.nextInt(length));
          pieces.add(parameters.get(NDArrayIndex.interval(5 + from, 5 + to)));
          from = to;
        }
        Operands operands = new Operands(gradient, pieces, List.of(stateView));
        assertSame(BlockExecutor.INSTANCE, VectorExecutor.of(operands), in);
        VectorExecutor.of(operands)
            .forEach(
                lane -> {
                  lane.temp(0).blend(2, lane.gradient(), 3, lane.parameters());
                  lane.state(0).add(lane.temp(0));
                  lane.gradient().set(lane.state(0));
                },
                operands);
        double[] expected = before.clone();
        double[] after = state.dup().data().asDouble();
        for (int k = 0; k < length; k++) {
          expected[7 + k] = after[3 + k];
          stateBefore[3 + k] += 2 * before[7 + k] + 3 * parametersBefore[5 + k];
        }
        requireEqual(expected, memory.dup().data().asDouble(), 0, in + ", gradient");
        requireEqual(stateBefore, after, 1e-6, in + ", state");
        requireEqual(parametersBefore, parameters.dup().data().asDouble(), 0, in + ", parameters");
      }
    }
  }

  @Test
  void stridedAndMixedArraysGoToTheArrayExecutor() {
    INDArray dense = Nd4j.zeros(DataType.FLOAT, 6);
    INDArray strided =
        Nd4j.zeros(DataType.FLOAT, 6, 2).get(NDArrayIndex.all(), NDArrayIndex.point(0));
    INDArray c = Nd4j.create(DataType.FLOAT, new long[] {2, 3}, 'c');
    INDArray f = Nd4j.create(DataType.FLOAT, new long[] {2, 3}, 'f');
    for (Operands operands :
        List.of(
            operands(strided, dense),
            operands(dense, strided),
            operands(c, f),
            operands(dense, Nd4j.zeros(DataType.DOUBLE, 6)),
            new Operands(dense, List.of(strided), List.of()))) {
      assertSame(ArrayExecutor.INSTANCE, VectorExecutor.of(operands));
    }
    assertSame(BlockExecutor.INSTANCE, VectorExecutor.of(operands(dense, dense.dup())));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 255, 256, 257, BLOCK + 3, 20 * BLOCK})
  void oneBadEntryAnywhereIsNotFinite(int length) {
    for (DataType type : TYPES) {
      for (double bad :
          new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
        for (int at : new int[] {0, length / 2, length - 1}) {
          INDArray x = numbers(type, length, 6, false);
          Operands operands = operands(x);
          assertEquals(
              0, BlockExecutor.INSTANCE.sum(l -> l.gradient().zeroIfFinite(), operands), "finite");
          x.putScalar(at, bad);
          for (VectorExecutor executor : List.of(BlockExecutor.INSTANCE, ArrayExecutor.INSTANCE)) {
            double sum = executor.sum(l -> l.gradient().zeroIfFinite(), operands);
            assertTrue(Double.isNaN(sum), type + ", " + bad + " at " + at + " of " + length);
          }
        }
      }
    }
  }

  @Test
  void notANumberPassesThroughSign() {
    for (DataType type : TYPES) {
      for (VectorExecutor executor : List.of(BlockExecutor.INSTANCE, ArrayExecutor.INSTANCE)) {
        INDArray x = Nd4j.createFromArray(-3.0, 0.0, 2.0, Double.NaN).castTo(type);
        executor.forEach(l -> l.gradient().sign(), operands(x));
        assertEquals("[-1.0, 0.0, 1.0, NaN]", java.util.Arrays.toString(x.dup().data().asDouble()));
      }
    }
  }

  @Test
  void sumsAreTheSameEveryTime() {
    INDArray x = numbers(DataType.FLOAT, 40 * BLOCK + 11, 8, false);
    double first = BlockExecutor.INSTANCE.sum(l -> l.gradient().squaredNorm(), operands(x));
    for (int i = 0; i < 20; i++) {
      assertEquals(
          first, BlockExecutor.INSTANCE.sum(l -> l.gradient().squaredNorm(), operands(x)), 0);
    }
  }

  @Test
  void afterAFailureNobodyIsStillAtWork() {
    Assumptions.assumeTrue(ForkJoinPool.commonPool().getParallelism() > 0);
    INDArray x = numbers(DataType.DOUBLE, 64 * BLOCK, 10, false);
    Thread caller = Thread.currentThread();
    CountDownLatch helped = new CountDownLatch(1);
    AtomicInteger working = new AtomicInteger();
    assertThrows(
        ArithmeticException.class,
        () ->
            BlockExecutor.INSTANCE.forEach(
                lane -> {
                  if (Thread.currentThread() == caller) {
                    await(helped);
                    throw new ArithmeticException();
                  }
                  working.incrementAndGet();
                  helped.countDown();
                  // Long enough for the caller to be back if it does not wait.
                  LockSupport.parkNanos(2_000_000);
                  working.decrementAndGet();
                },
                operands(x)));
    assertEquals(0, working.get());
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS), "no other thread took part");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whatLiesBeyondABufferGoesToTheArrayExecutor() {
    assertTrue(VectorExecutor.isReadable(numbers(DataType.FLOAT, 3, 1, false)));
    assertTrue(VectorExecutor.isReadable(at(BlockExecutor.MAXIMUM_END - 3, 3)));
    assertFalse(VectorExecutor.isReadable(at(BlockExecutor.MAXIMUM_END - 3, 4)));
  }

  @Test
  void halfPrecisionGoesToTheArrayExecutor() {
    INDArray x = Nd4j.createFromArray(-3f, 0f, 1e-3f).castTo(DataType.FLOAT16);
    Operands operands = operands(x);
    VectorExecutor.of(operands).forEach(l -> l.gradient().sign(), operands);
    assertEquals("[-1.0, 0.0, 1.0]", java.util.Arrays.toString(x.toFloatVector()));
  }

  /** A view that starts so late that no test can afford the memory before it. */
  private static INDArray at(long offset, long length) {
    return (INDArray)
        Proxy.newProxyInstance(
            INDArray.class.getClassLoader(),
            new Class<?>[] {INDArray.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "offset" -> offset;
                  case "length" -> length;
                  default -> DataType.FLOAT;
                });
  }

  @Test
  void scalarsKeepMoreThanTheirType() {
    INDArray memory = Nd4j.zeros(DataType.FLOAT, 2 * Scalars.PLACES);
    Scalars scalars = new Scalars(memory);
    scalars.set(1, 1 + 1e-10);
    assertEquals(1 + 1e-10, scalars.get(1), 1e-14);
    assertEquals(0, scalars.get(0));
    assertEquals(1 + 1e-10, new Scalars(memory.dup()).get(1), 1e-14, "after copying");
  }
}
