package org.dl4jplus.optim.first.tape;

import java.util.Arrays;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An array outside workspaces that is taken again where the shape stays. */
final class Memory {

  private INDArray array;

  /** Copies, in 'c' order. */
  INDArray copy(INDArray source) {
    return of(source.dataType(), source.shape()).assign(source);
  }

  /** In 'c' order. */
  INDArray zeros(DataType type, long... shape) {
    return of(type, shape).assign(0);
  }

  /** In 'c' order, with any content. */
  INDArray of(DataType type, long[] shape) {
    if (array == null || array.dataType() != type || !Arrays.equals(array.shape(), shape)) {
      array = detached(() -> Nd4j.createUninitialized(type, shape, 'c'));
    }
    return array;
  }

  /** Makes an array that outlives the network's pass. */
  @SuppressWarnings("try") // The scope is left by being closed.
  static INDArray detached(Supplier<INDArray> maker) {
    try (MemoryWorkspace scope = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      return maker.get();
    }
  }
}
