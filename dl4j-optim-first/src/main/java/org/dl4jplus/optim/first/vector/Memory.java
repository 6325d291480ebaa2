package org.dl4jplus.optim.first.vector;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The host memory of one array, or of several that count as one. */
interface Memory {

  static Memory of(INDArray array) {
    return array.dataType() == DataType.DOUBLE ? new DoubleMemory(array) : new FloatMemory(array);
  }

  static Memory of(List<INDArray> pieces) {
    if (pieces.size() == 1) {
      return of(pieces.get(0));
    }
    Memory[] parts = pieces.stream().map(Memory::of).toArray(Memory[]::new);
    return parts[0] instanceof DoubleMemory
        ? DoubleMemory.joined(pieces, parts)
        : FloatMemory.joined(pieces, parts);
  }
}
