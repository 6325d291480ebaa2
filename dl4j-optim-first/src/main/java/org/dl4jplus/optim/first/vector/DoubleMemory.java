package org.dl4jplus.optim.first.vector;

import java.nio.DoubleBuffer;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Double-precision host memory. */
class DoubleMemory implements Memory {

  // Keeps the memory alive: the buffer alone does not.
  private final INDArray owner;
  private final DoubleBuffer buffer;
  private final int offset;

  DoubleMemory(INDArray array) {
    owner = array;
    buffer = array == null ? null : array.data().asNioDouble();
    offset = buffer == null ? 0 : buffer.position();
  }

  void get(long start, double[] target, int length) {
    get(start, target, 0, length);
  }

  void get(long start, double[] target, int at, int length) {
    buffer.get(offset + (int) start, target, at, length);
  }

  void put(long start, double[] source, int length) {
    buffer.put(offset + (int) start, source, 0, length);
  }

  /** Several arrays as one, for reading. */
  static DoubleMemory joined(List<INDArray> pieces, Memory[] parts) {
    long[] starts = new long[parts.length + 1];
    for (int i = 0; i < parts.length; i++) {
      starts[i + 1] = starts[i] + pieces.get(i).length();
    }
    return new DoubleMemory(null) {
      @Override
      void get(long start, double[] target, int length) {
        int done = 0;
        for (int i = 0; done < length; i++) {
          long from = start + done;
          if (from < starts[i + 1]) {
            int count = (int) Math.min(length - done, starts[i + 1] - from);
            ((DoubleMemory) parts[i]).get(from - starts[i], target, done, count);
            done += count;
          }
        }
      }

      @Override
      void put(long start, double[] source, int length) {
        throw new IllegalStateException("Parameters are read-only for an updater's rule");
      }
    };
  }

  @Override
  public String toString() {
    return "DoubleMemory of " + owner;
  }
}
