package org.dl4jplus.optim.first.tape;

import java.util.Arrays;
import java.util.function.Supplier;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An array outside workspaces that is taken again where the shape stays. */
final class Memory {

  private INDArray array;

  /** Copies, in 'c' order. */
  INDArray copy(INDArray source) {
    if (array == null
        || array.dataType() != source.dataType()
        || !Arrays.equals(array.shape(), source.shape())) {
      array = detached(() -> Nd4j.createUninitialized(source.dataType(), source.shape(), 'c'));
    }
    return array.assign(source);
  }

  /** Makes an array that outlives the network's pass. */
  @SuppressWarnings("try") // The scope is left by being closed.
  static INDArray detached(Supplier<INDArray> maker) {
    try (MemoryWorkspace scope = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      return maker.get();
    }
  }
}
