package org.dl4jplus.optim.first.vector;

import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner.ExecutionerType;
import org.nd4j.linalg.factory.Nd4j;

/** Runs an elementwise rule over whole arrays. */
public interface VectorExecutor {

  /**
   * Applies a rule everywhere.
   *
   * @param rule the rule; it may run on several stretches at once, so it must not change anything
   *     but its lane
   * @param operands the arrays
   */
  void forEach(Consumer<Lane> rule, Operands operands);

  /**
   * Sums a quantity over all stretches. The order of summation depends only on the length, so the
   * result is the same for any number of threads.
   *
   * @param quantity what a stretch contributes
   * @param operands the arrays
   * @return the sum
   */
  default double sum(ToDoubleFunction<Lane> quantity, Operands operands) {
    return sums(1, (lane, sums) -> sums[0] = quantity.applyAsDouble(lane), operands)[0];
  }

  /**
   * Sums several quantities in one pass over memory; otherwise like {@link #sum}.
   *
   * @param count how many
   * @param quantities fills in what a stretch contributes to each
   * @param operands the arrays
   * @return the sums
   */
  double[] sums(int count, BiConsumer<Lane, double[]> quantities, Operands operands);

  /**
   * The fastest executor for these arrays: blocks of primitive arrays where the memory can be read
   * directly, ND4J ops everywhere else (other backends, strided or mixed-order views).
   *
   * @param operands the arrays
   * @return an executor
   */
  static VectorExecutor of(Operands operands) {
    return isPlain(operands) ? BlockExecutor.INSTANCE : ArrayExecutor.INSTANCE;
  }

  /**
   * Whether arrays lie in memory that Java can read.
   *
   * @return true on the CPU backend
   */
  static boolean isHost() {
    return Nd4j.getExecutioner().type() == ExecutionerType.NATIVE_CPU;
  }

  private static boolean isPlain(Operands operands) {
    INDArray gradient = operands.gradient();
    if (!isDense(gradient, gradient)) {
      return false;
    }
    for (INDArray state : operands.states()) {
      if (!isDense(state, gradient)) {
        return false;
      }
    }
    if (operands.parameters() != null) {
      for (INDArray parameter : operands.parameters()) {
        if (!isDense(parameter, gradient)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * Whether a dense array can be read as a {@code java.nio} buffer of floats or doubles: these
   * start where the memory starts of which the array is a view, and end after 2 GiB.
   *
   * @param array the array
   * @return false on other backends, for other types and beyond that length
   */
  static boolean isReadable(INDArray array) {
    return isHost()
        && (array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE)
        && array.offset() + array.length() <= BlockExecutor.MAXIMUM_END;
  }

  private static boolean isDense(INDArray array, INDArray gradient) {
    return isReadable(array)
        && array.dataType() == gradient.dataType()
        && (array.rank() <= 1 || array.ordering() == gradient.ordering())
        && (array.length() == 1 || array.elementWiseStride() == 1);
  }
}
