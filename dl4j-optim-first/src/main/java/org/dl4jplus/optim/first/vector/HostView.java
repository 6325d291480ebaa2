package org.dl4jplus.optim.first.vector;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Random access to a flat array for methods that work by position (top-k, ring buffers, codes). On
 * the CPU backend it is a dense array's own memory; elsewhere a copy that {@link #flush()} writes
 * back.
 */
public final class HostView {

  private final INDArray array;
  private final FloatBuffer floats;
  private final DoubleBuffer doubles;
  private final double[] copy;

  /**
   * Opens an array.
   *
   * @param array flat, FLOAT or DOUBLE
   */
  public HostView(INDArray array) {
    this.array = array;
    boolean host =
        VectorExecutor.isReadable(array) && (array.length() == 1 || array.elementWiseStride() == 1);
    boolean single = array.dataType() == DataType.FLOAT;
    floats = host && single ? array.data().asNioFloat().slice() : null;
    doubles = host && !single ? array.data().asNioDouble().slice() : null;
    copy = host ? null : array.toDoubleVector();
  }

  /**
   * Number of entries.
   *
   * @return the array's length
   */
  public long length() {
    return array.length();
  }

  /**
   * Reads an entry.
   *
   * @param index position
   * @return its value
   */
  public double get(int index) {
    return floats != null ? floats.get(index) : doubles != null ? doubles.get(index) : copy[index];
  }

  /**
   * Writes an entry.
   *
   * @param index position
   * @param value its value, rounded to the array's type
   */
  public void set(int index, double value) {
    if (floats != null) {
      floats.put(index, (float) value);
    } else if (doubles != null) {
      doubles.put(index, value);
    } else {
      copy[index] = value;
    }
  }

  /**
   * Adds the squares of a stretch up in double precision.
   *
   * @param from first position
   * @param length how many
   * @return the sum
   */
  public double sumOfSquares(int from, int length) {
    // Several sums, since one would wait for each addition.
    double first = 0;
    double second = 0;
    double third = 0;
    double fourth = 0;
    int to = from + length;
    int i = from;
    for (; i + 3 < to; i += 4) {
      double a = get(i);
      double b = get(i + 1);
      double c = get(i + 2);
      double d = get(i + 3);
      first += a * a;
      second += b * b;
      third += c * c;
      fourth += d * d;
    }
    for (; i < to; i++) {
      first += get(i) * get(i);
    }
    return first + second + (third + fourth);
  }

  /** Brings what was written into the array. */
  public void flush() {
    if (copy != null) {
      array.assign(Nd4j.createFromArray(copy).castTo(array.dataType()));
    }
  }
}
